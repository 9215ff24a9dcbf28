import { variablesOf } from '../../tensorflow/layer-weights.js';
import * as tf from '../../tensorflow/tf.js';
import { Optimizer } from '../optimizers/optimizer.js';

/** A weight and its moving average. */
interface Averaged {
  readonly weight: tf.Variable;
  readonly average: tf.Variable;
}

/**
 * Moving averages of a model in training, which its optimizer keeps (`useEma`), in place of its weights: while callbacks look at an epoch, and at the
 * end. Training continues with the weights.
 */
export class AveragedWeights {
  /** The weights that are trained, while the model has the averages; null while it has them itself. */
  #trained: tf.Tensor[] | null = null;

  private constructor(
    private readonly model: tf.LayersModel,
    private readonly optimizer: Optimizer,
  ) {}

  /** @returns Null if the model's optimizer keeps no averages. */
  static of(model: tf.LayersModel): AveragedWeights | null {
    const optimizer = model.optimizer as unknown;
    const [weight] = variablesOf(model.trainableWeights);
    if (!(optimizer instanceof Optimizer) || !weight || !optimizer.averageOf(weight)) return null;
    return new AveragedWeights(model, optimizer);
  }

  /** Gives the model the averages; before the first step there are none. */
  show(): void {
    if (this.#trained || this.optimizer.iterations === 0) return;
    this.#trained = this.#pairs.map(({ weight }) => weight.clone());
    for (const { weight, average } of this.#pairs) weight.assign(average);
  }

  /** Gives the model the weights that are trained. */
  hide(): void {
    const trained = this.#trained;
    if (!trained) return;
    this.#pairs.forEach(({ weight }, i) => weight.assign(trained[i] ?? weight));
    this.#drop();
  }

  /** Leaves the averages in the model. */
  finish(): void {
    this.show();
    this.#drop();
  }

  #drop(): void {
    tf.dispose(this.#trained ?? []);
    this.#trained = null;
  }

  get #pairs(): Averaged[] {
    return variablesOf(this.model.trainableWeights).flatMap((weight) => {
      const average = this.optimizer.averageOf(weight);
      return average ? [{ weight, average }] : [];
    });
  }
}
