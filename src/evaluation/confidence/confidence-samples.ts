import type { ImageDataset } from '../../data/dataset/image-dataset.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import * as tf from '../../tensorflow/tf.js';

/** Images by which `chooseConfidence` chooses. */
export interface ConfidenceSamples {
  /** Some of the images that the model was trained on. */
  readonly train: EmbeddedImages;
  /** Images that it was not trained on. */
  readonly validation: EmbeddedImages & {
    /** [n, classes] in C order. */
    readonly logits: Float32Array;
  };
}

/** Embeddings of n images, and their labels. */
export interface EmbeddedImages {
  /** [n, features] in C order; empty for a network without an embedding. */
  readonly embeddings: Float32Array;
  /** [n], positions of classes; of a multi-label dataset [n, classes], 0 and 1. */
  readonly labels: Int32Array;
}

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
    logits: Float32Array.from(parts.flatMap(({ logits }) => [...logits])),
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
