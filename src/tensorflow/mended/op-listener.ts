import './honest-types.js';
import { backend, type BindingAttribute, type DataId } from '../backend.js';
import './traceable-kernels.js';
import type * as tf from '../tf.js';

/** Hears every op that runs on the backend, whoever asked for it: a tf function of the user, a layer, a gradient. */
export interface OpListener {
  onOp(op: string, attributes: readonly BindingAttribute[], inputs: readonly tf.Tensor[], outputs: tf.Tensor[]): void;
  /** A value is about to be read into JavaScript. May throw to forbid it. */
  onRead(dataId: DataId): void;
}

let current: OpListener | null = null;
let readsAllowed = 0;

/** Who listens now, or null. */
export function currentListener(): OpListener | null {
  return current;
}

/** Runs `action` with `listener` hearing its ops; null for silence. Listeners do not stack: the inner one hears alone. */
export function withListener<T>(listener: OpListener | null, action: () => T): T {
  const outer = current;
  current = listener;
  try {
    return action();
  } finally {
    current = outer;
  }
}

/** Reads a tensor's values without the listener's consent: for the listener itself, which records constants. */
export function readUnheard(dataId: DataId): tf.backend_util.BackendValues {
  readsAllowed += 1;
  try {
    return backend.readSync(dataId);
  } finally {
    readsAllowed -= 1;
  }
}

const executeSingleOutput = backend.executeSingleOutput.bind(backend);
const executeMultipleOutputs = backend.executeMultipleOutputs.bind(backend);
const readSync = backend.readSync.bind(backend);
const read = backend.read.bind(backend);

Object.assign(backend, {
  executeSingleOutput(op: string, attributes: BindingAttribute[], inputs: tf.Tensor[]) {
    const output = executeSingleOutput(op, attributes, inputs);
    current?.onOp(op, attributes, inputs, [output]);
    return output;
  },
  executeMultipleOutputs(op: string, attributes: BindingAttribute[], inputs: tf.Tensor[], count: number) {
    const outputs = executeMultipleOutputs(op, attributes, inputs, count);
    current?.onOp(op, attributes, inputs, outputs);
    return outputs;
  },
  readSync(dataId: DataId) {
    if (readsAllowed === 0) current?.onRead(dataId);
    return readSync(dataId);
  },
  read(dataId: DataId) {
    current?.onRead(dataId);
    return read(dataId);
  },
});
