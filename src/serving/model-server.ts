import type { Signature } from '../saved-model/read/read-saved-model.js';
import type { ModelServerConfig } from '../tensorflow/protos/tensorflow_serving/config/model_server_config_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import type { CancelSignal } from './cancellation.js';
import type { MemoryClaim } from './limits/memory-budget.js';
import { ServingError } from './serving-error.js';
import type { ServedPrecision } from './worker/served-precision.js';

/** The model that a request refers to. */
export interface ModelSpec {
  /** Name of the model. */
  readonly name: string;
  /** Default: the label's, else the latest that is available. */
  readonly version?: number;
  /** A name for a version, such as `canary`. Not together with `version`. */
  readonly label?: string;
}

/** The version that answers. */
export interface ServedVersion {
  /** Name of the model. */
  readonly name: string;
  /** Number of the version. */
  readonly version: number;
  /** Signatures by SignatureDef key. */
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Height and width that pictures are resized to, in pixels. Default: the model does not say. */
  readonly inputSize?: readonly [number, number];
  /** Names of its classes in the order of the logits. Default: the model does not say. */
  readonly classNames?: readonly string[];
  /** Precision that it computes with. Default: unknown. */
  readonly precision?: ServedPrecision;
  /** How well its answers to copied requests have agreed with what clients got so far. Default: it gets no copies. */
  readonly shadow?: ShadowReport;
}

/** Outcome of a request's copy: `dropped` when too many waited, `skipped` when it was large, `failed` when it gave an error or other outputs. */
export type ShadowResult = 'compared' | 'dropped' | 'skipped' | 'failed';

/** All copies since the version was loaded. */
export interface ShadowReport {
  /** Fraction of the requests that are copied, 0 to 1. */
  readonly share: number;
  /** Number of copies by their outcome. */
  readonly results: Readonly<Record<ShadowResult, number>>;
  /** Answers that could be compared: rows of labels, integers or strings, and the positions of the largest numbers. */
  readonly rows: number;
  /** Number of these that are the same. */
  readonly sameRows: number;
  /** Largest difference between two numbers of an output, divided by the output's largest number if that is above 1. */
  readonly largestDifference: number;
}

/** A call of one signature. */
export interface PredictRequest {
  /** Model and version that should answer. */
  readonly spec: ModelSpec;
  /** What `find` returned for `spec`; looked up again if it has been replaced since. Default: it is looked up. */
  readonly version?: ServedVersion;
  /** Default: `serving_default`. */
  readonly signatureName?: string;
  /** Every input of the signature, with its dtype; checked by the server. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Pixels that each string among the inputs claims, if they are known already. Default: they are determined. */
  readonly pixels?: readonly number[] | undefined;
  /** Outputs to return. Default: all. */
  readonly outputFilter?: readonly string[];
  /** Ends the wait when the client has gone. */
  readonly signal?: CancelSignal;
  /** Time after which nobody waits any more, in milliseconds since 1970. Default: none. */
  readonly deadline?: number | undefined;
  /** Accounts for the memory that the request takes. Default: not counted. */
  readonly claim?: Pick<MemoryClaim, 'exchange'> | undefined;
  /** Called when the session has run for the request, before it is answered. Default: not called. */
  readonly onRun?: ((run: CallRun) => void) | undefined;
}

/** When and how the session ran for a request; times of `performance.now`. */
export interface CallRun {
  /** When the request was ready to go. */
  readonly queuedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Number of rows computed together; for a request that was split into parts, its own rows. */
  readonly rows: number;
  /** Requests that were computed together. */
  readonly requests: number;
  /** Why it failed. Default: it did not. */
  readonly error?: unknown;
}

/** Answer to a call of one signature. */
export interface PredictResponse {
  /** Version that answered. */
  readonly version: ServedVersion;
  /** Signature that was called. */
  readonly signatureName: string;
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, TensorValue>>;
}

/** TensorFlow Serving's `ModelVersionStatus.State`. */
export type VersionState = 'START' | 'LOADING' | 'AVAILABLE' | 'UNLOADING' | 'END';

/** State of a model's version. */
export interface VersionStatus {
  /** Number of the version. */
  readonly version: number;
  /** State; only an `AVAILABLE` version answers. */
  readonly state: VersionState;
  /** Why it is not available. Default: nothing is wrong. */
  readonly error?: string;
}

/**
 * The interface that REST, gRPC and the web page use; none of them knows the others. Failures are `ServingError`s with TensorFlow Serving's codes and
 * texts.
 */
export interface ModelServer {
  /** Names of the models, in the order of the configuration. */
  readonly modelNames: readonly string[];

  /** @throws ServingError `NOT_FOUND`, `INVALID_ARGUMENT` for an unknown label. */
  find(spec: ModelSpec): ServedVersion;

  /** Versions of a model, the latest first. @throws ServingError `NOT_FOUND`. */
  status(spec: ModelSpec): readonly VersionStatus[];

  /** @throws ServingError */
  predict(request: PredictRequest): Promise<PredictResponse>;

  /**
   * Serves the models of a new configuration instead of the current ones; settles when they are served.
   *
   * Default: the server has no configuration that could be replaced.
   *
   * @throws ServingError when it is refused; then nothing has changed.
   */
  reload?(config: ModelServerConfig): Promise<void>;
}

/** The states of a model's versions; none for a model that is configured and has no version yet. */
export function statusesOrNone(models: ModelServer, name: string): readonly VersionStatus[] {
  try {
    return models.status({ name });
  } catch (error) {
    if (error instanceof ServingError && error.status === 'NOT_FOUND') return [];
    throw error;
  }
}
