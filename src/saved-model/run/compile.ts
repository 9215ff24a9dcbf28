import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import type { SessionConfig } from '../../tensorflow/session-config.js';
import { Session } from '../../tensorflow/session.js';
import * as tf from '../../tensorflow/tf.js';
import { checkArguments } from '../../tracing/check-arguments.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { frozenSizeHint } from '../../tracing/instead.js';
import { NotFrozen } from '../freeze/freeze-graph.js';
import { withFrozenCopy } from '../freeze/frozen-copy.js';
import { findServedGraph, readSavedModel } from '../read/read-saved-model.js';
import type { SignatureTensors } from '../write/meta-graph.js';
import { assetsOf, variablesOfParts } from '../write/saved-model-parts.js';
import type { InputSignature, TfFunction } from '../../tracing/tf-function.js';
import { VariableGroup } from './variable-group.js';
import { writeParts } from '../write/write-saved-model.js';

/** Options of `CompiledFunctions.compile`. */
export interface CompiledFunctionsOptions extends SessionConfig {
  /**
   * Whether the variables keep their current values forever, so that TensorFlow folds batch normalization into convolutions and fuses what follows:
   * results differ in the last digits. Functions that need their variables keep them. Default: false.
   */
  readonly areVariablesConstant?: boolean | undefined;
}

/** A function, and where its inputs and outputs are in the session's graph. */
interface CompiledFunction {
  readonly fn: ConcreteFunction;
  readonly tensors: SignatureTensors;
}

/**
 * ConcreteFunctions in a session of their own, with copies of their variables: a call runs the whole graph at once.
 *
 * The variables live in the session. `readVariables` brings them to TF.js's variables, `writeVariables` and
 * `writeChangedVariables` the other way.
 */
export class CompiledFunctions {
  readonly #session: Session;
  readonly #functions: ReadonlyMap<string, CompiledFunction>;
  readonly #groups: readonly VariableGroup[];
  /** Folder with the assets, which the graph reads when it runs; null when there are none. */
  readonly #directory: string | null;

  private constructor(
    session: Session,
    functions: ReadonlyMap<string, CompiledFunction>,
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
    { areVariablesConstant = false, ...options }: CompiledFunctionsOptions = {},
  ): Promise<CompiledFunctions> {
    if (areVariablesConstant) {
      try {
        return await CompiledFunctions.#load(functions, [], (directory) => loadFrozen(directory, options));
      } catch (error) {
        if (!(error instanceof NotFrozen)) throw error;
      }
    }
    const groups = VariableGroup.of(variablesOfParts({ functions, signatures: {} }));
    const load = (directory: string) => Promise.resolve(Session.load(directory, options));
    return CompiledFunctions.#load(functions, groups, load);
  }

  static async #load(
    functions: Readonly<Record<string, ConcreteFunction>>,
    groups: readonly VariableGroup[],
    load: (directory: string) => Promise<Session>,
  ): Promise<CompiledFunctions> {
    const all = Object.assign({}, functions, ...groups.map((group) => group.functions)) as typeof functions;
    const signatures = Object.fromEntries(Object.keys(all).map((name) => [name, name]));
    const parts = { functions: all, signatures };
    const keepsFiles = assetsOf(parts).size > 0;
    const directory = await mkdtemp(path.join(os.tmpdir(), 'signet-'));
    try {
      const tensors = await writeParts(directory, parts);
      const compiled = Array.from(tensors).flatMap(([name, each]) => {
        const fn = all[name];
        return fn ? [[name, { fn, tensors: each }] as const] : [];
      });
      const session = await load(directory);
      return new CompiledFunctions(session, new Map(compiled), groups, keepsFiles ? directory : null);
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
    const compiled = this.#functions.get(name);
    if (!compiled) throw new SignetError('INVALID_ARGUMENT', `No function "${name}" was compiled.`);
    const { fn, tensors } = compiled;
    checkArguments(name, fn.inputs, args);
    const feeds = new Map(
      fn.inputs.flatMap((input, i) => {
        const arg = args[i];
        return arg ? [[tensors.inputs[i] ?? '', { tensor: arg, dtype: input.spec.dtype }] as const] : [];
      }),
    );
    const results = withHint(() => this.#session.run(feeds, tensors.outputs));
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
   * Gives the session's variables what TF.js's were assigned since the last read or write, such as a new learning rate; the session keeps its own
   * values of the others. Costs nothing if none was assigned.
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

async function loadFrozen(directory: string, options: SessionConfig): Promise<Session> {
  const graph = findServedGraph(await readSavedModel(directory), directory);
  return withFrozenCopy(directory, graph, (folder) => Session.load(folder, options));
}

/** Adds a hint to the error if a size does not fit. */
function withHint<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const hint = error instanceof SignetError ? frozenSizeHint(error.message) : '';
    if (hint === '' || !(error instanceof SignetError)) throw error;
    throw new SignetError(error.code, error.message + hint, { cause: error.cause });
  }
}

/** A compiled tf function: it has the arguments and results of the function, and `dispose` frees it. */
export type Compiled<F extends TfFunction<never>> = ((...args: Parameters<F>) => ReturnType<F>) & {
  /** Frees the graph and its copies of the variables. */
  dispose(): void;
};

/** Options of `compile`. */
export interface CompileOptions {
  /** Specs of the arguments that the function accepts. Default: its own `inputSignature`. */
  readonly inputSignature?: InputSignature | undefined;
}

/**
 * Compiles a tf function: called, the result runs the whole graph at once instead of op by op, and blocks the thread meanwhile.
 *
 * It uses the values that TF.js's variables have at each call, and assigns to them what the function assigns. The caller owns the
 * results. To compile several functions that share variables, use `CompiledFunctions`.
 *
 * @example
 * ```ts
 * const pick = await compile(servable.pick);
 * const word = pick(tf.tensor2d([[3, 2, 1]]));
 * pick.dispose();
 * ```
 *
 * @throws SignetError `NOT_TRACEABLE`; the compiled function throws `SPEC_MISMATCH` when it is called with other arguments.
 */
export async function compile<F extends TfFunction<never>>(
  fn: F,
  { inputSignature }: CompileOptions = {},
): Promise<Compiled<F>> {
  const graph = fn.getConcreteFunction(inputSignature);
  const compiled = await CompiledFunctions.compile({ fn: graph });
  const call = (...args: Parameters<F>) => {
    checkArguments(graph.label, graph.inputs, args);
    compiled.writeChangedVariables();
    const results = compiled.call('fn', args);
    if (graph.assigns) compiled.readVariables();
    const result: unknown = graph.returnsOneTensor ? Object.values(results)[0] : results;
    // The graph returns what the function that it was traced from returns.
    return result as ReturnType<F>;
  };
  return Object.assign(call, { dispose: () => compiled.dispose() });
}
