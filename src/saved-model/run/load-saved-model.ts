import { rmSync } from 'node:fs';

import { SignetError, wordsOf } from '../../errors.js';
import { Session, type SessionOptions } from '../../tensorflow/session.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type * as tf from '../../tensorflow/tf.js';
import { callableGraph } from '../freeze/callable-graph.js';
import { changingOp } from '../freeze/changing-op.js';
import { endlessOp } from '../freeze/endless-op.js';
import { NotFrozen } from '../freeze/freeze-graph.js';
import { withFrozenCopy } from '../freeze/frozen-copy.js';
import { guardedCopy } from '../guards/guarded-copy.js';
import { findServedGraph, readSavedModel, type Signature, signaturesOf, tagsOf } from '../read/read-saved-model.js';

/** Options of `LoadedSavedModel.load`. */
export interface LoadOptions extends Omit<SessionOptions, 'tags'> {
  /**
   * Whether the variables become constants first, so that TensorFlow can compute ahead from them. Default: false.
   *
   * @throws NotFrozen for a model that needs its variables, or files.
   */
  readonly areVariablesConstant?: boolean | undefined;
}

/** A SavedModel in a session: calls go to its signatures, as TensorFlow Serving would make them. */
export class LoadedSavedModel {
  private constructor(
    /** Path of the SavedModel. */
    readonly directory: string,
    /** Signatures by SignatureDef key. */
    readonly signatures: Readonly<Record<string, Signature>>,
    private readonly session: Session,
    /** The copy that the session runs, because of its guards; null where it runs the directory itself. */
    private readonly copy: string | null,
    /** Whether a call may change what a later call finds. */
    readonly isStateful: boolean,
    /** Whether another thread may run its calls too: they change nothing, none of their loops can run forever, and they run in the calling thread. */
    readonly isShareable: boolean,
  ) {}

  /** @throws SignetError `INVALID_SAVED_MODEL`. */
  static async load(
    directory: string,
    { areVariablesConstant = false, ...options }: LoadOptions = {},
  ): Promise<LoadedSavedModel> {
    const savedModel = await readSavedModel(directory);
    const graph = findServedGraph(savedModel, directory);
    const signatures = signaturesOf(graph);
    // From here on the graph has its guards, even if it is frozen.
    const copy = await guardedCopy(directory, savedModel);
    try {
      const load = (from: string) => Session.load(from, { ...options, tags: tagsOf(graph) });
      const session = areVariablesConstant ? await withFrozenCopy(directory, graph, load) : load(copy ?? directory);
      const callable = callableGraph(graph);
      const isStateful = changingOp(callable) !== undefined;
      const isShareable = options.inCallerThread === true && !isStateful && endlessOp(callable) === undefined;
      return new LoadedSavedModel(directory, signatures, session, copy, isStateful, isShareable);
    } catch (error) {
      if (copy === null) throw error;
      remove(copy);
      if (error instanceof NotFrozen) throw error;
      throw new SignetError('INVALID_SAVED_MODEL', wordsOf(error).replaceAll(copy, directory), { cause: error });
    }
  }

  /** Takes the model that another thread has offered, without loading it again. Each thread must dispose of its own. */
  static take(directory: string, signatures: Readonly<Record<string, Signature>>, offer: number): LoadedSavedModel {
    return new LoadedSavedModel(directory, signatures, Session.take(offer), null, false, true);
  }

  /** Offers the model to another thread. @returns A number for `take`, which that thread must call. */
  offer(): number {
    return this.session.offer();
  }

  /** Whether it runs with guards that the graph on disk lacks. */
  get isGuarded(): boolean {
    return this.copy !== null;
  }

  /** @throws SignetError `INVALID_SAVED_MODEL` that lists the signatures there are. */
  signature(key: string): Signature {
    const signature = this.signatures[key];
    if (signature) return signature;
    const known = Object.keys(this.signatures).join(', ') || 'none';
    throw new SignetError('INVALID_SAVED_MODEL', `${this.directory} has no signature "${key}". It has: ${known}.`);
  }

  /**
   * Runs a signature. Blocks the thread meanwhile.
   *
   * @returns Its outputs by name; the caller owns them.
   * @throws SignetError `SPEC_MISMATCH` where the inputs do not fit the signature.
   */
  call(key: string, inputs: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
    const signature = this.signature(key);
    checkNames(key, Object.keys(signature.inputs), Object.keys(inputs));
    const feeds = new Map(
      Object.entries(signature.inputs).map(([name, { tensor, spec }]) => {
        const input = inputs[name];
        if (!input) throw new SignetError('SPEC_MISMATCH', `"${key}" takes ${name}: ${spec}. Received: nothing.`);
        spec.check(input, name);
        return [tensor, { tensor: input, dtype: spec.dtype }] as const;
      }),
    );
    const outputs = Object.entries(signature.outputs);
    const results = this.session.run(
      feeds,
      outputs.map(([, { tensor }]) => tensor),
    );
    return Object.fromEntries(outputs.flatMap(([name], i) => (results[i] ? [[name, results[i]]] : [])));
  }

  /**
   * Runs a signature on plain data. Blocks the thread meanwhile.
   *
   * @param inputs Every input of the signature.
   * @param outputs Which of its outputs. Default: all.
   */
  callValues(
    key: string,
    inputs: Readonly<Record<string, TensorValue>>,
    outputs?: readonly string[],
  ): Record<string, TensorValue> {
    const signature = this.signature(key);
    const feeds = Object.entries(signature.inputs).flatMap(([name, { tensor }]) => {
      const input = inputs[name];
      return input ? [[tensor, input] as const] : [];
    });
    const wanted = Object.entries(signature.outputs).filter(([name]) => outputs?.includes(name) ?? true);
    const results = this.session.runValues(
      new Map(feeds),
      wanted.map(([, { tensor }]) => tensor),
    );
    return Object.fromEntries(wanted.flatMap(([name], i) => (results[i] ? [[name, results[i]]] : [])));
  }

  /** Ends the session and frees its memory. Calls after that fail. */
  dispose(): void {
    this.session.dispose();
    if (this.copy !== null) remove(this.copy);
  }
}

function remove(copy: string): void {
  rmSync(copy, { recursive: true, force: true });
}

/** @throws SignetError `SPEC_MISMATCH` for an input that the signature does not have. */
function checkNames(key: string, expected: readonly string[], received: readonly string[]): void {
  const superfluous = received.filter((name) => !expected.includes(name));
  if (superfluous.length === 0) return;
  throw new SignetError(
    'SPEC_MISMATCH',
    `"${key}" takes ${expected.join(', ') || 'no inputs'}. Received also: ${superfluous.join(', ')}.`,
  );
}
