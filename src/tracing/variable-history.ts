import { backend, type DataId } from '../tensorflow/backend.js';
import { onNewVariable } from '../tensorflow/mended/new-variables.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { attribute } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';

/**
 * How the values of variables change while a function is recorded.
 *
 * TF.js does not report assignments, but a variable that was assigned has another storage afterwards.
 */
export class VariableHistory {
  /** Which variable's value so far a storage holds. */
  readonly #before = new Map<DataId, tf.Variable>();
  /** The storage that each variable had last, assignments aside. */
  readonly #storages = new Map<tf.Variable, DataId>();
  /** Variables by the storage that represents their value after an op changed it in place. */
  readonly #updated = new Map<DataId, tf.Variable>();

  constructor() {
    for (const variable of registeredVariables()) {
      this.#before.set(variable.dataId, variable);
      this.#storages.set(variable, variable.dataId);
    }
  }

  /** The variable whose value, as it was at first, a storage holds. */
  atFirst(dataId: DataId): tf.Variable | undefined {
    return this.#before.get(dataId);
  }

  /** The variable whose value, as an op left it, a storage stands for. */
  updated(dataId: DataId): tf.Variable | undefined {
    return this.#updated.get(dataId);
  }

  /** Whether an op gave variables new values in place. */
  get hasUpdates(): boolean {
    return this.#updated.size > 0;
  }

  /** Whether a variable is older than the tape and was not assigned since. */
  isUnassigned(variable: tf.Variable): boolean {
    return this.#storages.get(variable) === variable.dataId;
  }

  /** The variables that were assigned. */
  get assigned(): tf.Variable[] {
    return [...this.#storages].filter(([variable, dataId]) => variable.dataId !== dataId).map(([variable]) => variable);
  }

  /** Gives a variable a storage that represents the value that an op wrote in place. */
  update(variable: tf.Variable): void {
    giveOwnStorage(variable);
    this.#storages.set(variable, variable.dataId);
    this.#updated.set(variable.dataId, variable);
  }
}

/** Every variable that TF.js knows, in the order of their making. */
export function registeredVariables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}

/**
 * Gives a variable a storage that no other tensor has, with the same value. TF.js lets tensors share one (`tf.variable(start)`,
 * `target.assign(online)`), and the tape knows tensors by their storage. TensorFlow's Identity copies nothing.
 */
function giveOwnStorage(variable: tf.Variable): void {
  const type = attribute.type('T', variable.dtype);
  const value = withListener(null, () => backend.executeSingleOutput('Identity', [type], [variable]));
  variable.assign(value);
  value.dispose();
}

/** Gives every variable a storage of its own; see `giveOwnStorage`. Those that have one keep it: a large network has hundreds. */
export function separateVariables(): void {
  for (const variable of registeredVariables()) if (backend.refCount(variable.dataId) > 1) giveOwnStorage(variable);
}

/**
 * Runs `action`, then gives every variable back the value it had before, and one made meanwhile the value it was made with.
 *
 * A clone shares the variable's storage, so nothing is copied.
 *
 * @param action Gets a function that says how many variables were made so far.
 */
export function withVariablesRestored<T>(action: (madeVariables: () => number) => T): T {
  const before = new Map<tf.Variable, tf.Tensor>();
  const keepValue = (variable: tf.Variable) => before.set(variable, tf.keep(variable.clone()));
  registeredVariables().forEach(keepValue);
  const count = before.size;
  const stop = onNewVariable(keepValue);
  try {
    return action(() => before.size - count);
  } finally {
    stop();
    for (const [variable, value] of before) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  }
}
