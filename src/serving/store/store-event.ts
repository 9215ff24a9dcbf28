import type { VersionState } from '../model-server.js';
import type { StatusCode } from '../serving-error.js';
import type { ServedPrecision } from '../worker/served-precision.js';
import type { ShadowRun } from './shadow.js';

/** Event that a `ModelStore` reports to its log and metrics. */
export type StoreEvent =
  VersionEvent | LogEvent | WarmupEvent | PrecisionEvent | PredictEvent | ShadowEvent | BatchEvent;

/** Something for the log. */
export interface LogEvent {
  /** Distinguishes the events. */
  readonly type: 'log';
  /** How serious it is. */
  readonly level: 'info' | 'warning' | 'error';
  /** Name of the model that it concerns. Default: it concerns the whole server. */
  readonly model?: string;
  /** What has happened, in a sentence or two. */
  readonly message: string;
}

/** The state of a version has changed. */
export interface VersionEvent {
  readonly type: 'version';
  readonly model: string;
  readonly version: number;
  readonly state: VersionState;
  /** Reason why it is not available. */
  readonly error?: string;
}

/** A version's warmup records have been replayed. */
export interface WarmupEvent {
  readonly type: 'warmup';
  readonly model: string;
  readonly version: number;
  readonly records: number;
  readonly seconds: number;
}

/** A version has been loaded, and computes in this precision. */
export interface PrecisionEvent extends ServedPrecision {
  readonly type: 'precision';
  readonly model: string;
  readonly version: number;
}

/** A call of `predict` is answered. */
export interface PredictEvent {
  readonly type: 'request';
  /** Null if there is none of that name. */
  readonly model: string | null;
  /** Null if none was found. */
  readonly version: number | null;
  readonly signatureName: string;
  readonly status: StatusCode | 'OK';
  /** Seconds from the call to the answer, including the wait in the queue. */
  readonly seconds: number;
}

/** A copy of a request was sent to the shadow version, whose answers clients never see, or was skipped. */
export interface ShadowEvent extends ShadowRun {
  readonly type: 'shadow';
  readonly model: string;
  /** The version that got the copy. */
  readonly version: number;
}

/** A thread has run a signature for one or more requests at once. */
export interface BatchEvent {
  readonly type: 'batch';
  readonly model: string;
  readonly version: number;
  readonly signatureName: string;
  readonly requests: number;
  /** Rows of the requests together. */
  readonly rows: number;
  /** Rows added to reach an allowed batch size. */
  readonly padding: number;
  /** Time in TensorFlow, in seconds. */
  readonly seconds: number;
}

export type OnStoreEvent = (event: StoreEvent) => void;
