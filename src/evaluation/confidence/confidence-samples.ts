import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import type { HeadSamples, SampledFeatures } from '../../training/head/head-samples.js';
import * as tf from '../../tensorflow/tf.js';

/** Images by which `chooseConfidence` chooses: some that the model was trained on, and some that it was not, with its answers. */
export type ConfidenceSamples = HeadSamples;

/** Embeddings of images, and their labels. */
export type EmbeddedImages = SampledFeatures;

/**
 * Sends images through a model once.
 *
 * @param datasets What it was trained on, a sample of which is enough, and what it was not trained on.
 * @throws SignetError `BAD_IMAGE` for images that do not decode.
 */
export async function collectConfidenceSamples(
  model: ImageClassifierModel,
  { train, validation }: Readonly<Record<'train' | 'validation', ImageDataset>>,
): Promise<ConfidenceSamples> {
  return { train: await answersTo(model, train), validation: await answersTo(model, validation) };
}

async function answersTo(model: ImageClassifierModel, dataset: ImageDataset): Promise<ConfidenceSamples['validation']> {
  dataset.fitTo(model.imageSize, model.preprocessing);
  const parts: { logits: Float32Array; embeddings: Float32Array; labels: Int32Array }[] = [];
  for await (const { xs, ys } of dataset.batches()) {
    const { logits, embedding } = model.answer(xs);
    const [values, embeddings, labels] = [logits, embedding, ys].map((each) => each?.dataSync().slice());
    parts.push({
      logits: values as Float32Array,
      embeddings: (embeddings ?? new Float32Array()) as Float32Array,
      labels: labels as Int32Array,
    });
    tf.dispose([xs, ys, logits, ...(embedding ? [embedding] : [])]);
  }
  return {
    logits: joined(parts.map(({ logits }) => logits)),
    embeddings: joined(parts.map(({ embeddings }) => embeddings)),
    labels: Int32Array.from(parts.flatMap(({ labels }) => [...labels])),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
