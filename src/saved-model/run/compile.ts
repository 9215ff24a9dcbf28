import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { Session, type SessionOptions } from '../../tensorflow/session.js';
import * as tf from '../../tensorflow/tf.js';
import { checkArguments } from '../../tracing/check-arguments.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { assetsOf, variablesOf } from '../write/saved-model-parts.js';
import { VariableGroup } from './variable-group.js';
import { writeParts } from '../write/write-saved-model.js';

/**
 * ConcreteFunctions in a session of their own, with copies of their variables: a call runs the whole graph at once.
 *
 * The variables live in the session. `readVariables` brings them to TF.js's variables, `writeVariables` and
 * `writeChangedVariables` the other way.
 */
export class CompiledFunctions {
  readonly #session: Session;
  readonly #functions: Readonly<Record<string, ConcreteFunction>>;
  readonly #groups: readonly VariableGroup[];
  /** Holds the assets, which the graph reads when it runs; null when there are none. */
  readonly #directory: string | null;

  private constructor(
    session: Session,
    functions: Readonly<Record<string, ConcreteFunction>>,
    groups: readonly VariableGroup[],
    directory: string | null,
  ) {
    this.#session = session;
    this.#functions = functions;
    this.#groups = groups;
    this.#directory = directory;
  }

  /** Compiles functions that share one set of variables, which start with the values they have now. */
  static async compile(
    functions: Readonly<Record<string, ConcreteFunction>>,
    { intraOpThreads }: Pick<SessionOptions, 'intraOpThreads'> = {},
  ): Promise<CompiledFunctions> {
    const groups = VariableGroup.of(variablesOf({ functions, signatures: {} }));
    const all = Object.assign({}, functions, ...groups.map((group) => group.functions)) as typeof functions;
    const signatures = Object.fromEntries(Object.keys(all).map((name) => [name, name]));
    const parts = { functions: all, signatures };
    const keepsFiles = assetsOf(parts).size > 0;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'signet-'));
    try {
      await writeParts(directory, parts);
      const session = Session.load(directory, { intraOpThreads });
      return new CompiledFunctions(session, all, groups, keepsFiles ? directory : null);
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
   * @throws SignetError `SPEC_MISMATCH` where the arguments do not fit the function's input signature.
   */
  call(name: string, args: readonly tf.Tensor[]): Record<string, tf.Tensor> {
    const fn = this.#functions[name];
    if (!fn) throw new SignetError('INVALID_ARGUMENT', `No function "${name}" was compiled.`);
    checkArguments(name, fn.inputs, args);
    const feeds = new Map(
      fn.inputs.flatMap((input, i) => {
        const arg = args[i];
        return arg ? [[`${name}_${input.name}:0`, { tensor: arg, dtype: input.spec.dtype }] as const] : [];
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
    for (const group of this.#groups) group.read((name, args) => this.call(name, args));
  }

  /** Gives the session's variables the values that TF.js's have. */
  writeVariables(): void {
    for (const group of this.#groups) group.write((name, args) => this.call(name, args));
  }

  /**
   * Gives the session's variables what TF.js's were assigned since the last read or write, such as a new learning rate; the
   * session keeps its values of the others. Costs nothing where none was assigned.
   */
  writeChangedVariables(): void {
    for (const group of this.#groups) group.writeChanged((name, args) => this.call(name, args));
  }

  /** Frees the graph and its variables. */
  dispose(): void {
    this.#session.dispose();
    if (this.#directory !== null) rmSync(this.#directory, { recursive: true, force: true });
  }
}
