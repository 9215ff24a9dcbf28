import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../errors.js';
import { Session } from '../tensorflow/session.js';
import * as tf from '../tensorflow/tf.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import { tfFunction } from '../tracing/tf-function.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { assetsOf, variablesOf } from './saved-model-parts.js';
import { writeParts } from './write-saved-model.js';

/**
 * ConcreteFunctions in a session of their own, with copies of their variables: a call runs the whole graph at once.
 *
 * The variables live in the session. `readVariables` brings them to TF.js's variables, `writeVariables` the other way.
 */
export class CompiledFunctions {
  readonly #session: Session;
  readonly #functions: Readonly<Record<string, ConcreteFunction>>;
  readonly #variables: readonly tf.Variable[];
  /** Holds the assets, which the graph reads when it runs; null when there are none. */
  readonly #directory: string | null;

  private constructor(
    session: Session,
    functions: Readonly<Record<string, ConcreteFunction>>,
    variables: readonly tf.Variable[],
    directory: string | null,
  ) {
    this.#session = session;
    this.#functions = functions;
    this.#variables = variables;
    this.#directory = directory;
  }

  /** Compiles functions that share one set of variables, which start with the values they have now. */
  static async compile(functions: Readonly<Record<string, ConcreteFunction>>): Promise<CompiledFunctions> {
    const variables = variablesOf({ functions, signatures: {} });
    const all = variables.length === 0 ? functions : { ...functions, ...transferFunctions(variables) };
    const signatures = Object.fromEntries(Object.keys(all).map((name) => [name, name]));
    const parts = { functions: all, signatures };
    const keepsFiles = assetsOf(parts).size > 0;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'signet-'));
    try {
      await writeParts(directory, parts);
      return new CompiledFunctions(Session.load(directory), all, variables, keepsFiles ? directory : null);
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    } finally {
      if (!keepsFiles) await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Runs one of the functions. Blocks the thread meanwhile.
   *
   * @returns Its results by name; the caller owns them.
   */
  call(name: string, args: readonly tf.Tensor[]): Record<string, tf.Tensor> {
    const fn = this.#functions[name];
    if (!fn) throw new SignetError('INVALID_ARGUMENT', `No function "${name}" was compiled.`);
    const feeds = new Map(
      fn.inputs.map((input, i) => {
        const arg = args[i];
        if (!arg) throw new SignetError('SPEC_MISMATCH', `"${name}" takes ${input.name}. Received: nothing.`);
        return [`${name}_${input.name}:0`, { tensor: arg, dtype: input.spec.dtype }] as const;
      }),
    );
    const position = Object.keys(this.#functions).indexOf(name);
    const call = position === 0 ? 'StatefulPartitionedCall' : `StatefulPartitionedCall_${position}`;
    const results = this.#session.run(
      feeds,
      fn.outputs.map((_, i) => `${call}:${i}`),
    );
    return Object.fromEntries(fn.outputs.flatMap(({ name: output }, i) => (results[i] ? [[output, results[i]]] : [])));
  }

  /** Gives TF.js's variables the values that the session's have. */
  readVariables(): void {
    if (this.#variables.length === 0) return;
    const values = this.call(readName, []);
    this.#variables.forEach((variable, i) => {
      const value = values[variableKey(i)];
      if (value) variable.assign(value);
    });
    tf.dispose(values);
  }

  /** Gives the session's variables the values that TF.js's have. */
  writeVariables(): void {
    if (this.#variables.length > 0) tf.dispose(this.call(writeName, this.#variables));
  }

  /** Frees the graph and its variables. */
  dispose(): void {
    this.#session.dispose();
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
  }
}

const readName = 'read_variables';
const writeName = 'write_variables';
const variableKey = (position: number) => `variable_${String(position).padStart(6, '0')}`;

/** The two functions that carry variables between TF.js and the session. */
function transferFunctions(variables: readonly tf.Variable[]): Record<string, ConcreteFunction> {
  const read = tfFunction(() => Object.fromEntries(variables.map((variable, i) => [variableKey(i), variable])), {
    inputSignature: {},
  });
  const write = tfFunction(
    (...values: tf.Tensor[]) => {
      // Added to zero, or an assignment of the sample zeros to variables of zeros would look like none.
      values.forEach((value, i) => variables[i]?.assign(tf.add(value, 0)));
      return tf.scalar(0);
    },
    {
      inputSignature: Object.fromEntries(
        variables.map(({ dtype, shape }, i) => [variableKey(i), tensorSpec(dtype as 'float32', shape)]),
      ),
    },
  );
  return { [readName]: read.getConcreteFunction(), [writeName]: write.getConcreteFunction() };
}
