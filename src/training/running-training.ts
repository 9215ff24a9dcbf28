import * as tf from '../tensorflow/tf.js';
import { Callback, type CallbackLike } from './callbacks/callback.js';
import { CallbackList } from './callbacks/callback-list.js';
import type { AveragedWeights } from './steps/averaged-weights.js';
import { EpochTotals } from './steps/epoch-totals.js';
import type { StopPoint } from './steps/stop-point.js';
import { type ResumableData, ResumableDataset } from './resume/resumable-dataset.js';
import type { TrainSteps } from './steps/train-steps.js';
import type { Step } from './tfjs-step.js';
import type { SessionState, TrainingPosition, TrainingSession } from './steps/training-session.js';

/** A running training, as its callbacks see it, with the arguments for `fitDataset`. */
export class RunningTraining<T extends tf.TensorContainer> implements TrainingSession {
  readonly args: tf.ModelFitDatasetArgs<T>;
  readonly dataset: ResumableDataset<T>;
  readonly #totals = new EpochTotals();
  readonly #tests = new TestBatches();
  readonly #list: CallbackList;

  constructor(
    dataset: tf.data.Dataset<T>,
    args: Omit<tf.ModelFitDatasetArgs<T>, 'callbacks' | 'classWeight'>,
    readonly callbacks: readonly CallbackLike[],
    private readonly steps: TrainSteps | null,
    private readonly averages: AveragedWeights | null,
    private readonly stop: StopPoint,
  ) {
    this.dataset = new ResumableDataset(dataset);
    this.#list = new CallbackList([new WeightsBack(this, averages), this.#totals, this.#tests, ...callbacks, stop]);
    this.args = { verbose: 0, ...args, callbacks: [this.#list] };
  }

  /** Lets the callbacks end a training that TF.js's loop did not finish. */
  async end(): Promise<void> {
    this.readVariables();
    await this.#list.onTrainEnd();
  }

  /** A test step that notifies the callbacks of its batches. */
  heard(step: Step): Step {
    return this.#tests.heard(step, this.callbacks);
  }

  stopsHere(): boolean {
    return this.stop.decide();
  }

  readVariables(): void {
    this.steps?.readVariables();
  }

  showTrainedWeights(): void {
    this.averages?.hide();
  }

  saveState(): SessionState {
    return {
      totals: this.#totals.saveState(),
      step: this.steps?.saveState() ?? null,
      data: this.dataset.saveState(),
      validationData: this.#validationData?.saveState?.() ?? null,
    };
  }

  /** TF.js reads its arguments after `onTrainBegin`. */
  resume(position: TrainingPosition, state: SessionState): void {
    const { epochs } = this.args;
    this.args.initialEpoch = Math.min(position.epoch, epochs);
    this.dataset.resume(position, state.data);
    this.#validationData?.resume?.({ epoch: position.epoch, batch: 0 }, state.validationData);
    if (position.batch > 0) this.#totals.restoreState(state.totals);
    this.steps?.restoreState(state.step);
  }

  get #validationData(): Partial<ResumableData> | undefined {
    return this.args.validationData as Partial<ResumableData> | undefined;
  }
}

/** Counts the batches of a validation. */
class TestBatches extends Callback {
  #batch = 0;

  override onEpochBegin(): void {
    this.#batch = 0;
  }

  heard(step: Step, callbacks: readonly CallbackLike[]): Step {
    return (data) => {
      const results = step(data);
      const logs = { batch: this.#batch, size: data[0]?.shape[0] ?? 0 };
      for (const callback of callbacks) callback.onTestBatchEnd?.(this.#batch, logs);
      this.#batch += 1;
      return results;
    };
  }
}

/** Copies the weights, or their averages, from the session to the model before the other callbacks read them. */
class WeightsBack extends Callback {
  constructor(
    private readonly session: TrainingSession,
    private readonly averages: AveragedWeights | null,
  ) {
    super();
  }

  override onEpochBegin(): void {
    this.averages?.hide();
  }

  override onEpochEnd(): void {
    this.session.readVariables();
    this.averages?.show();
  }

  override onTrainEnd(): void {
    this.averages?.finish();
  }
}
