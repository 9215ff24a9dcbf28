import type { DType } from '../../tensorflow/data-type.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import type { Shape } from '../../tracing/tensor-spec.js';
import type { PackedValue, PackedValues } from './packed-value.js';
import type { PlainError } from './plain-error.js';
import type { Runtime } from './served-model.js';
import type { ServedPrecision } from './served-precision.js';

/** Data that starts an inference worker. */
export interface InferenceWorkerData {
  /** The SavedModel. */
  readonly directory: string;
  /** Number of times that the warmup records are replayed; 0 for not at all. */
  readonly warmupIterations: number;
  /** Whether the model may hold operations that touch files. */
  readonly trustModels: boolean;
  /** Precision to compute with. */
  readonly precision: PrecisionChoice;
  /** Runtime that computes the network. */
  readonly runtime: Runtime;
}

/** Messages to the worker. Calls are answered in their order. */
export type InferenceRequest =
  | {
      readonly type: 'call';
      readonly id: number;
      readonly signature: string;
      readonly inputs: PackedValues;
      /** Default: all. */
      readonly outputs?: readonly string[] | undefined;
      /** Shared memory for outputs that fit. Default: none. */
      readonly into?: PackedValues | undefined;
      /** Shared memory for other large outputs. Default: none. */
      readonly memory?: SharedArrayBuffer | undefined;
    }
  | { readonly type: 'end' };

/** A Signature whose specifications are plain data. */
export interface PlainSignature {
  readonly method: string;
  readonly inputs: readonly PlainTensor[];
  readonly outputs: readonly PlainTensor[];
  readonly omitted: Signature['omitted'];
}

export interface PlainTensor {
  readonly name: string;
  readonly tensor: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Result of the warmup: records replayed, and seconds. */
export interface WarmupResult {
  readonly records: number;
  readonly seconds: number;
}

/** Outputs by name; null for one that was written into the memory given for it. */
export type NamedOutputs = readonly (readonly [name: string, value: PackedValue | null])[];

/** Messages from the worker: first whether the model is loaded, then answers. */
export type InferenceReply =
  | {
      readonly type: 'loaded';
      readonly signatures: readonly (readonly [key: string, signature: PlainSignature])[];
      /** Null if there is nothing to replay. */
      readonly warmup: WarmupResult | null;
      /** Sentences for the log that continue the model's name. */
      readonly notes: readonly string[];
      readonly precision: ServedPrecision;
      /** Number for `LoadedSavedModel.take`; null if only the worker may run the model. */
      readonly offer: number | null;
    }
  | { readonly type: 'not-loaded'; readonly error: PlainError }
  | {
      readonly type: 'result';
      readonly id: number;
      readonly outputs: NamedOutputs;
      /** Time in TensorFlow, in seconds. */
      readonly seconds: number;
    }
  | { readonly type: 'error'; readonly id: number; readonly error: PlainError };
