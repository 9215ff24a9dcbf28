import type { DataId } from '../../tensorflow/backend.js';
import { updateInPlace } from '../../ops/update-in-place.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import * as tf from '../../tensorflow/tf.js';
import { attr } from '../../tracing/attr-value.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';

/** Runs a function of the session by its name; the caller owns the results. */
type Call = (name: string, args: readonly tf.Tensor[]) => Record<string, tf.Tensor>;

/**
 * Variables that are copied together between TF.js and a session, by two functions of the session's graph.
 *
 * Scalars, such as a learning rate that a callback changes between steps, have a group of their own: weights stay where they are.
 */
export class VariableGroup {
  readonly #readName: string;
  readonly #writeName: string;
  /** The storage that each variable had when both sides had the same value: an assigned variable has another. */
  readonly #known = new Map<tf.Variable, DataId>();

  constructor(
    name: string,
    private readonly variables: readonly tf.Variable[],
  ) {
    this.#readName = `read_${name}`;
    this.#writeName = `write_${name}`;
    this.#keepStorage();
  }

  /** The groups of variables: those of rank 0 and the others, if there are any. */
  static of(variables: readonly tf.Variable[]): VariableGroup[] {
    const scalars = variables.filter(({ rank }) => rank === 0);
    const others = variables.filter(({ rank }) => rank !== 0);
    const groups = [new VariableGroup('variables', others), new VariableGroup('scalars', scalars)];
    return groups.filter((group) => group.variables.length > 0);
  }

  /** The functions that the session's graph needs. */
  get functions(): Record<string, ConcreteFunction> {
    const { variables } = this;
    const read = tfFunction(() => Object.fromEntries(variables.map((variable, i) => [variableKey(i), variable])), {
      inputSignature: {},
    });
    const write = tfFunction(
      (...values: tf.Tensor[]) => {
        // Updated in place: while it is traced, an assignment of the samples would need memory for all values once more.
        variables.forEach((variable, i) => {
          const dtype = attr.type(dataTypeOf(variable.dtype));
          const attributes = { dtype, validate_shape: attr.bool(false) };
          updateInPlace('AssignVariableOp', attributes, [variable], values.slice(i, i + 1));
        });
        return tf.scalar(0);
      },
      {
        inputSignature: Object.fromEntries(
          variables.map(({ dtype, shape }, i) => [variableKey(i), tensorSpec(dtype as 'float32', shape)]),
        ),
      },
    );
    return { [this.#readName]: read.getConcreteFunction(), [this.#writeName]: write.getConcreteFunction() };
  }

  /** Gives TF.js's variables the values that the session's have. */
  read(call: Call): void {
    const values = call(this.#readName, []);
    this.variables.forEach((variable, i) => {
      const value = values[variableKey(i)];
      if (value) variable.assign(value);
    });
    tf.dispose(values);
    this.#keepStorage();
  }

  /** Gives the session's variables the values that TF.js's have. */
  write(call: Call): void {
    tf.dispose(call(this.#writeName, this.variables));
    this.#keepStorage();
  }

  /** Writes those that were assigned since the last read or write; the session keeps its own values of the others. */
  writeChanged(call: Call): void {
    const hasChanged = (variable: tf.Variable) => this.#known.get(variable) !== variable.dataId;
    if (!this.variables.some(hasChanged)) return;
    const values = call(this.#readName, []);
    const merged = this.variables.map((variable, i) => (hasChanged(variable) ? variable : values[variableKey(i)]));
    tf.dispose(call(this.#writeName, merged as tf.Tensor[]));
    tf.dispose(values);
    this.#keepStorage();
  }

  #keepStorage(): void {
    for (const variable of this.variables) this.#known.set(variable, variable.dataId);
  }
}

const variableKey = (position: number) => `variable_${String(position).padStart(6, '0')}`;
