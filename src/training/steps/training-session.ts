import type * as tf from '../../tensorflow/tf.js';

/** Where a training goes on. */
export interface TrainingPosition {
  /** From 0. */
  readonly epoch: number;
  /** From 0. */
  readonly batch: number;
}

/** What a training remembers beside its weights, its optimizer and its callbacks: what JSON can say. */
export interface SessionState {
  /** What the epoch has come to so far. */
  readonly totals: unknown;
  /** How a step is run; null when op by op. */
  readonly step: unknown;
  /** What the datasets remember; null for one that remembers nothing. */
  readonly data: unknown;
  readonly validationData: unknown;
}

/** A training that runs, as its callbacks see it. */
export interface TrainingSession {
  /** All of them, in the order in which they are called. */
  readonly callbacks: readonly tf.Callback[];
  saveState(): SessionState;
  /**
   * Makes it begin with another epoch than the first, after some of its batches. To be called in `onTrainBegin`.
   *
   * @param state From a file.
   */
  resume(position: TrainingPosition, state: SessionState): void;
  /** Brings the weights and the optimizer's variables from the session to TF.js. */
  readVariables(): void;
}

const sessions = new WeakMap<tf.LayersModel, TrainingSession>();

/** The training of a model that runs now; null when it is not in training by `fit`. */
export function trainingSessionOf(model: tf.LayersModel | null): TrainingSession | null {
  return (model && sessions.get(model)) ?? null;
}

/** Says which training of a model runs; null when it has ended. */
export function setTrainingSession(model: tf.LayersModel, session: TrainingSession | null): void {
  if (session) sessions.set(model, session);
  else sessions.delete(model);
}

/**
 * Gives a model in training the weights that it has now, for a callback that looks at them in `onBatchEnd`: a compiled step
 * keeps them in its session, and they come back by themselves only before `onEpochEnd`.
 */
export function readWeights(model: tf.LayersModel): void {
  trainingSessionOf(model)?.readVariables();
}
