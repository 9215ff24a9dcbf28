import * as tf from '../../tensorflow/tf.js';
import type { CollectedFeatures } from './feature-batches.js';
import type { LinearHead } from './logistic-regression.js';

/** Features and labels of n images. */
export interface SampledFeatures {
  /** [n, features] in C order; empty for a network without an embedding. */
  readonly embeddings: Float32Array;
  /** [n], positions of classes; [n, classes], 0 and 1, where an image may have several. */
  readonly labels: Int32Array;
}

/** Results of a head that was trained on the first dataset only, for some of the images of both. */
export interface HeadSamples {
  readonly train: SampledFeatures;
  readonly validation: SampledFeatures & {
    /** [n, classes] in C order. */
    readonly logits: Float32Array;
  };
}

/** More images say little more about a distribution. */
const mostImages = 5000;

/** Takes up to 5000 images of each dataset, evenly, and computes the logits of the second. */
export async function sampleHead(
  trained: CollectedFeatures,
  held: CollectedFeatures,
  { kernel, bias }: LinearHead,
): Promise<HeadSamples> {
  const validation = await sample(held);
  const { features } = held;
  const logits = tf.tidy(() => {
    const xs = tf.tensor2d(validation.embeddings, [validation.embeddings.length / features, features]);
    const layer = tf.tensor2d(kernel, [features, bias.length]);
    return tf.add(tf.matMul(xs, layer), tf.tensor1d(bias)).dataSync<'float32'>().slice();
  });
  return { train: await sample(trained), validation: { ...validation, logits } };
}

async function sample(collected: CollectedFeatures): Promise<SampledFeatures> {
  const { images, features } = collected;
  const every = Math.ceil(images / mostImages);
  const embeddings = new Float32Array(Math.ceil(images / every) * features);
  const labels: number[] = [];
  let [seen, taken] = [0, 0];
  await collected.each(({ xs, ys }) => {
    const [n] = xs.shape;
    const [values, classes] = [xs.dataSync<'float32'>(), ys.dataSync<'int32'>()];
    const perImage = classes.length / n;
    for (let i = 0; i < n; i += 1, seen += 1) {
      if (seen % every !== 0) continue;
      embeddings.set(values.subarray(i * features, (i + 1) * features), taken * features);
      labels.push(...classes.subarray(i * perImage, (i + 1) * perImage));
      taken += 1;
    }
  });
  return { embeddings, labels: Int32Array.from(labels) };
}
