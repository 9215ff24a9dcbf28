import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { Values } from './made-up-call.js';

/** Runtime that computes a version's network: TensorFlow, or ONNX Runtime if that gives the same numbers. */
export type Runtime = 'tensorflow' | 'onnx';

/** A version that answers calls: a `LoadedSavedModel`, or a model whose network runs in another runtime. */
export interface ServedModel {
  readonly directory: string;
  readonly signatures: Readonly<Record<string, Signature>>;
  /** @throws SignetError `INVALID_SAVED_MODEL` that lists the existing signatures. */
  signature(key: string): Signature;
  /** Runs a signature on plain data. @param outputs Which of its outputs. Default: all. */
  callValues(key: string, inputs: Values, outputs?: readonly string[]): Values | Promise<Values>;
  dispose(): void;
}
