import * as tf from '../../tensorflow/tf.js';
import { accuracy, binaryCrossentropy, sparseCategoricalCrossentropy } from '../losses.js';
import { minimize, type MinimizeOptions } from './lbfgs.js';

/** Features of images and their labels: `xs` float32 [n, features], `ys` int32 [n], or [n, classes] where an image may have several classes. */
export interface LabelledFeatures {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor1D | tf.Tensor2D;
}

/** Labelled features in batches, for any number of passes. */
export interface FeatureBatches {
  /** Number of features per image. */
  readonly features: number;
  /** Shows each batch once. Batches stay their owner's. */
  each(visit: (batch: LabelledFeatures) => void): Promise<void>;
}

/** A dense layer of logits: `kernel` [features, classes] row by row, `bias` [classes]. */
export interface LinearHead {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** Loss and accuracy of a head. */
export interface HeadScore {
  /** Mean cross-entropy: categorical, or binary where an image may have several classes. */
  readonly loss: number;
  /** Fraction of images that are classified correctly, 0 to 1; where an image may have several classes, the mean fraction of its classes that are right. */
  readonly accuracy: number;
}

/** Location and scale of each feature. With these, the same strengths fit any network, also where features come from several of its layers. */
interface Placement {
  readonly mean: Float32Array;
  /** Standard deviation, plus a share of the mean one, so that features that hardly ever differ are not magnified. */
  readonly scale: Float32Array;
}

/** Share of the mean deviation: 0.3 was better than 0 and as good as 0.1, on splits of training images (docs/decisions/0023). */
const floorOfScale = 0.3;

/**
 * Logistic regression with several classes on features: the dense layer with the least mean cross-entropy plus `strength / 2` times the sum of
 * its squared weights. Weights count for features that are centered and scaled; the bias is free.
 *
 * Where an image may have several classes, each class has a logistic regression of its own, all with the same strength.
 */
export class LogisticRegression {
  #solution: Float64Array;

  private constructor(
    private readonly batches: FeatureBatches,
    private readonly classes: number,
    private readonly placement: Placement,
    private readonly classWeights: Float32Array,
    private readonly weightSum: number,
  ) {
    this.#solution = new Float64Array((batches.features + 1) * classes);
  }

  /**
   * @param classes Number of classes.
   * @param weightOf Weight of each class in the loss, by label. Default: all count 1.
   */
  static async of(
    batches: FeatureBatches,
    classes: number,
    weightOf: Readonly<Record<number, number>> = {},
  ): Promise<LogisticRegression> {
    const classWeights = Float32Array.from({ length: classes }, (_, label) => weightOf[label] ?? 1);
    const { placement, weightSum } = await survey(batches, classWeights);
    return new LogisticRegression(batches, classes, placement, classWeights, weightSum);
  }

  /** Solves it for a strength, starting from the previous solution, which is near for a similar strength. */
  async solve(strength: number, options: MinimizeOptions = {}): Promise<LinearHead> {
    this.#solution = await minimize((at) => this.#evaluate(at, strength), this.#solution, options);
    return this.#headOf(this.#solution);
  }

  /** Value and gradient of the regularized loss, on the centered and scaled features. */
  async #evaluate(at: Float64Array, strength: number) {
    // Ctrl-C and timers need a turn of the event loop.
    await new Promise(setImmediate);
    const { features } = this.batches;
    const size = features * this.classes;
    const { kernel, bias } = this.#headOf(at);
    const layer = { kernel: tf.tensor2d(kernel, [features, this.classes]), bias: tf.tensor1d(bias) };
    const raw = new Float64Array(at.length);
    let value = 0;
    await this.batches.each((batch) => {
      value += this.#addGradient(batch, layer, raw);
    });
    tf.dispose([layer.kernel, layer.bias]);
    const gradient = this.#placed(raw);
    for (let i = 0; i < size; i += 1) {
      const weight = at[i] ?? 0;
      value += (strength / 2) * weight * weight;
      gradient[i] = (gradient[i] ?? 0) + strength * weight;
    }
    return { value, gradient };
  }

  /** Adds a batch's share of the gradient by the raw features, kernel then bias. @returns Its share of the loss. */
  #addGradient(
    { xs, ys }: LabelledFeatures,
    layer: { kernel: tf.Tensor2D; bias: tf.Tensor1D },
    sum: Float64Array,
  ): number {
    const tensors = tf.tidy(() => {
      const logits = tf.add(tf.matMul(xs, layer.kernel), layer.bias);
      const { residual, loss } = ys.rank === 1 ? this.#ofOneClass(logits, ys) : this.#ofSeveral(logits, ys);
      return [tf.matMul(xs, residual, true), tf.sum(residual, 0), loss];
    });
    // Not within tidy, which searches its result for tensors: in arrays too, number by number.
    const [kernel, bias, loss] = tensors.map((part) => part.dataSync<'float32'>());
    tf.dispose(tensors);
    const size = kernel?.length ?? 0;
    kernel?.forEach((each, i) => (sum[i] = (sum[i] ?? 0) + each));
    bias?.forEach((each, i) => (sum[size + i] = (sum[size + i] ?? 0) + each));
    return loss?.[0] ?? NaN;
  }

  /** The gradient by the logits and the share of the loss, where each image has one class. */
  #ofOneClass(logits: tf.Tensor, ys: tf.Tensor) {
    const weights = tf.div(tf.gather(tf.tensor1d(this.classWeights), ys as tf.Tensor1D), this.weightSum);
    const truth = tf.oneHot(ys, this.classes);
    const logProbabilities = tf.logSoftmax(logits);
    const residual = tf.mul<tf.Tensor2D>(tf.sub(tf.exp(logProbabilities), truth), tf.expandDims(weights, 1));
    const losses = tf.neg(tf.sum(tf.mul(logProbabilities, truth), 1));
    return { residual, loss: tf.sum(tf.mul(losses, weights)) };
  }

  /** The same where an image may have several: the sum over the classes. */
  #ofSeveral(logits: tf.Tensor, ys: tf.Tensor) {
    const truth = tf.mul(tf.cast(ys, 'float32'), tf.tensor1d(this.classWeights));
    const absent = tf.sub(1, tf.cast(ys, 'float32'));
    const gradient = tf.sub(tf.mul(absent, tf.sigmoid(logits)), tf.mul(truth, tf.sigmoid(tf.neg(logits))));
    const losses = tf.add(tf.mul(truth, tf.softplus(tf.neg(logits))), tf.mul(absent, tf.softplus(logits)));
    return { residual: tf.div<tf.Tensor2D>(gradient, this.weightSum), loss: tf.div(tf.sum(losses), this.weightSum) };
  }

  /** The layer that gives the same for raw features as the solution gives for centered and scaled ones. */
  #headOf(at: Float64Array): LinearHead {
    const { classes, placement } = this;
    const { features } = this.batches;
    const kernel = Float32Array.from(
      { length: features * classes },
      (_, i) => (at[i] ?? 0) / (placement.scale[Math.floor(i / classes)] ?? 1),
    );
    const bias = Float64Array.from({ length: classes }, (_, label) => at[features * classes + label] ?? 0);
    placement.mean.forEach((mean, feature) => {
      for (let label = 0; label < classes; label += 1) {
        bias[label] = (bias[label] ?? 0) - mean * (kernel[feature * classes + label] ?? 0);
      }
    });
    return { kernel, bias: Float32Array.from(bias) };
  }

  /** The gradient by centered and scaled features of one by raw features. */
  #placed(raw: Float64Array): Float64Array {
    const { classes, placement } = this;
    const size = this.batches.features * classes;
    return raw.map((each, i) => {
      if (i >= size) return each;
      const feature = Math.floor(i / classes);
      const mean = placement.mean[feature] ?? 0;
      return (each - mean * (raw[size + (i % classes)] ?? 0)) / (placement.scale[feature] ?? 1);
    });
  }
}

/**
 * Scores a head on features.
 *
 * @param labelSmoothing Share of each label that is spread over all classes in the loss, or moved to 1/2 where an image may have several.
 */
export async function scoreHead(
  batches: FeatureBatches,
  { kernel, bias }: LinearHead,
  labelSmoothing = 0,
): Promise<HeadScore> {
  const layer = { kernel: tf.tensor2d(kernel, [batches.features, bias.length]), bias: tf.tensor1d(bias) };
  let [images, loss, right] = [0, 0, 0];
  await batches.each(({ xs, ys }) => {
    const sums = tf.tidy(() => {
      const logits = tf.add(tf.matMul(xs, layer.kernel), layer.bias);
      const lossOf = ys.rank === 1 ? sparseCategoricalCrossentropy : binaryCrossentropy;
      const losses = lossOf(ys, logits, labelSmoothing);
      return tf.stack([tf.sum(losses), tf.sum(accuracy(ys, logits))]).dataSync<'float32'>();
    });
    images += xs.shape[0];
    loss += sums[0] ?? NaN;
    right += sums[1] ?? NaN;
  });
  tf.dispose([layer.kernel, layer.bias]);
  return { loss: loss / images, accuracy: right / images };
}

/**
 * Location and scale of the features, and the sum of the images' weights: each counts 1 where it may have several classes, whose terms have the
 * weights.
 */
async function survey(batches: FeatureBatches, classWeights: Float32Array) {
  const { features } = batches;
  const [sums, squares] = [new Float64Array(features), new Float64Array(features)];
  let [images, weightSum] = [0, 0];
  await batches.each(({ xs, ys }) => {
    const [sum, square] = tf.tidy(() =>
      [tf.sum(xs, 0), tf.sum(tf.square(xs), 0)].map((each) => each.dataSync<'float32'>()),
    );
    sum?.forEach((each, i) => (sums[i] = (sums[i] ?? 0) + each));
    square?.forEach((each, i) => (squares[i] = (squares[i] ?? 0) + each));
    images += xs.shape[0];
    if (ys.rank > 1) weightSum += xs.shape[0];
    else for (const label of ys.dataSync<'int32'>()) weightSum += classWeights[label] ?? 1;
  });
  const mean = Float32Array.from(sums, (sum) => sum / images);
  const deviations = squares.map((square, i) => Math.sqrt(Math.max(square / images - (mean[i] ?? 0) ** 2, 0)));
  const floor = (floorOfScale * deviations.reduce((sum, each) => sum + each, 0)) / features;
  // If all features are the same, they have no scale, and nothing is learned from them.
  const placement: Placement = { mean, scale: Float32Array.from(deviations, (each) => Math.max(each + floor, 1e-6)) };
  return { placement, weightSum };
}
