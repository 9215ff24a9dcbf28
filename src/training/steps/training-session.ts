import type * as tf from '../../tensorflow/tf.js';
import type { CallbackLike } from '../callbacks/callback.js';

/** Where a training resumes. */
export interface TrainingPosition {
  /** Number of the epoch, from 0. */
  readonly epoch: number;
  /** Number of the batch within the epoch, from 0. */
  readonly batch: number;
}

/** State of a training in addition to its weights, its optimizer and its callbacks, as JSON values. */
export interface SessionState {
  /** Sums over the batches of the epoch so far. */
  readonly totals: unknown;
  /** How a step is run; null if op by op. */
  readonly step: unknown;
  /** State of the training data; null if it has none. */
  readonly data: unknown;
  readonly validationData: unknown;
}

/** State of a training at the beginning of an epoch that has not taken a step yet in this process. */
export const freshSession: SessionState = { totals: null, step: null, data: null, validationData: null };

/** A running training, as its callbacks see it. */
export interface TrainingSession {
  /** All of them, in the order they are called. */
  readonly callbacks: readonly CallbackLike[];
  saveState(): SessionState;
  /**
   * Tells whether the training ends after this batch. Call it in `onBatchEnd`: a stop requested later takes effect after the next batch, even if the
   * calling callback takes long.
   */
  stopsHere(): boolean;
  /**
   * Makes the training begin with a later epoch, after some of its batches. Call it in `onTrainBegin`.
   *
   * @param state From a file.
   */
  resume(position: TrainingPosition, state: SessionState): void;
  /** Copies the weights and the optimizer's variables from the session to TF.js. */
  readVariables(): void;
  /** Gives the model the weights that are trained, if it has their averages at the end of an epoch. */
  showTrainedWeights(): void;
}

/** Trainings that are running. TF.js gives a callback only the model of its training: this is how it finds the rest. */
const sessions = new WeakMap<tf.LayersModel, TrainingSession>();

/** Returns the running training of a model; null if `fit` is not training it. */
export function trainingSessionOf(model: tf.LayersModel | null): TrainingSession | null {
  return (model && sessions.get(model)) ?? null;
}

/** Runs a training, which `trainingSessionOf` finds while it runs. */
export async function withTrainingSession<T>(
  model: tf.LayersModel,
  session: TrainingSession,
  run: () => Promise<T>,
): Promise<T> {
  sessions.set(model, session);
  try {
    return await run();
  } finally {
    sessions.delete(model);
  }
}

/**
 * Updates the weights of a model in training, for a callback that reads them in `onBatchEnd`: a compiled step keeps them in its session
 * and copies them back to the model only before `onEpochEnd`.
 */
export function readWeights(model: tf.LayersModel): void {
  trainingSessionOf(model)?.readVariables();
}
