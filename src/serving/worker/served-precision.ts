import type { Precision } from '../../tensorflow/precision.js';
import type { Agreement } from './agreement.js';

/** Precision in which a version computes. */
export interface ServedPrecision {
  readonly precision: Precision;
  /** The measurement; null if there was none. */
  readonly trial: PrecisionMeasurement | null;
  /** A sentence for log and page that continues the model's name; null if there is nothing to say. */
  readonly note: string | null;
}

/** A version in float32 and in bfloat16, on the same requests. */
export interface PrecisionMeasurement extends Agreement {
  /** Milliseconds that the requests took in the fastest of a few rounds. */
  readonly milliseconds: Readonly<Record<Precision, number>>;
  /** Number of requests. */
  readonly requests: number;
  /** Whether they are the version's own warm-up requests; otherwise it is one with made-up numbers. */
  readonly areRecorded: boolean;
}
