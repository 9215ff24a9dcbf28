import * as tf from '../tensorflow/tf.js';
import { Callback, type CallbackLike } from './callbacks/callback.js';
import { CallbackList } from './callbacks/callback-list.js';
import { EpochTotals } from './steps/epoch-totals.js';
import { type ResumableData, ResumableDataset } from './resume/resumable-dataset.js';
import type { TrainSteps } from './steps/train-steps.js';
import type { SessionState, TrainingPosition, TrainingSession } from './steps/training-session.js';

/** Training that runs, as its callbacks see it, with the arguments for `fitDataset`. */
export class RunningTraining<T extends tf.TensorContainer> implements TrainingSession {
  readonly args: tf.ModelFitDatasetArgs<T>;
  readonly dataset: ResumableDataset<T>;
  readonly #totals = new EpochTotals();
  readonly #list: CallbackList;

  constructor(
    dataset: tf.data.Dataset<T>,
    args: Omit<tf.ModelFitDatasetArgs<T>, 'callbacks' | 'classWeight'>,
    readonly callbacks: readonly CallbackLike[],
    private readonly steps: TrainSteps | null,
  ) {
    this.dataset = new ResumableDataset(dataset);
    this.#list = new CallbackList([new WeightsBack(this), this.#totals, ...callbacks]);
    this.args = { verbose: 0, ...args, callbacks: [this.#list] };
  }

  /** Lets the callbacks end a training that TF.js's loop did not come to the end of. */
  async end(): Promise<void> {
    this.readVariables();
    await this.#list.onTrainEnd();
  }

  readVariables(): void {
    this.steps?.readVariables();
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

/** Brings the weights from the session to the model before the other callbacks look at them. */
class WeightsBack extends Callback {
  constructor(private readonly session: TrainingSession) {
    super();
  }

  override onEpochEnd(): void {
    this.session.readVariables();
  }
}
