import { backend, type BindingAttribute, type DataId } from '../backend.js';
import type * as tf from '../loading/library.js';
import { replaced } from './replaced.js';

/** Receives every op that runs on the backend, no matter who asked for it: a tf function of the user, a layer, a gradient. */
export interface OpListener {
  onOp(op: string, attributes: readonly BindingAttribute[], inputs: readonly tf.Tensor[], outputs: tf.Tensor[]): void;
  /** A value is about to be read into JavaScript. May throw to forbid it. */
  onRead(dataId: DataId): void;
  /** Whether a tensor's value is known only to a call: not a constant, nor computed from sizes alone. */
  dependsOnValues(tensor: tf.Tensor): boolean;
  /** The number to assume for a size, an int32 scalar: its value, or a made-up one where it depends on values. */
  sampleSize(size: tf.Tensor): number;
}

/** Is called before and after every op that runs, and may end the computation by throwing. */
export interface OpLimit {
  before(op: string, inputs: readonly tf.Tensor[], attributes: readonly BindingAttribute[]): void;
  after(op: string, inputs: readonly tf.Tensor[], outputs: readonly tf.Tensor[]): void;
}

let current: OpListener | null = null;
let limit: OpLimit | null = null;
let readsAllowed = 0;

/** Returns the current listener, or null. */
export function currentListener(): OpListener | null {
  return current;
}

/** Runs `action` with `listener` receiving its ops, or nothing if it is null. Listeners do not stack: only the inner one receives them. */
export function withListener<T>(listener: OpListener | null, action: () => T): T {
  const outer = current;
  current = listener;
  try {
    return action();
  } finally {
    current = outer;
  }
}

/** Runs `action` within a limit. Limits do not stack: only the inner one counts. */
export function withinLimit<T>(given: OpLimit, action: () => T): T {
  const outer = limit;
  limit = given;
  try {
    return action();
  } finally {
    limit = outer;
  }
}

/** Reads a tensor's values without asking the listener: for the listener itself, which records constants. */
export function readUnheard(dataId: DataId): tf.backend_util.BackendValues {
  readsAllowed += 1;
  try {
    return backend.readSync(dataId);
  } finally {
    readsAllowed -= 1;
  }
}

replaced(backend, 'executeSingleOutput', (execute) => (op, attributes, inputs) => {
  limit?.before(op, inputs, attributes);
  const output = execute.call(backend, op, attributes, inputs);
  limit?.after(op, inputs, [output]);
  current?.onOp(op, attributes, inputs, [output]);
  return output;
});

replaced(backend, 'executeMultipleOutputs', (execute) => (op, attributes, inputs, count) => {
  limit?.before(op, inputs, attributes);
  const outputs = execute.call(backend, op, attributes, inputs, count);
  limit?.after(op, inputs, outputs);
  current?.onOp(op, attributes, inputs, outputs);
  return outputs;
});

replaced(backend, 'readSync', (readSync) => (dataId) => {
  if (readsAllowed === 0) current?.onRead(dataId);
  return readSync.call(backend, dataId);
});

replaced(backend, 'read', (read) => (dataId) => {
  current?.onRead(dataId);
  return read.call(backend, dataId);
});
