import { withLengthOne } from '../../models/classifier/known-images.js';
import * as tf from '../../tensorflow/tf.js';
import type { ImageFeatures } from './embed-images.js';

/** The nearest neighbours of n images, the nearest first; no image is its own. */
export interface Neighbours {
  /** Neighbours per image. */
  readonly count: number;
  /** [n, count] */
  readonly positions: Int32Array;
  /** Cosines, [n, count]. */
  readonly similarities: Float32Array;
}

/** Options of `nearestNeighbours`. */
export interface NeighbourOptions {
  /** Neighbours per image; fewer where there are fewer images. */
  readonly count: number;
  /** Vectors to find neighbours for, one per image. Default: the images' own. */
  readonly queries?: ImageFeatures | undefined;
  /** Ends it early: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Number of images whose similarities to all others are in memory at once. */
const rowsPerBlock = 256;

/** Finds for each image the images whose features have the largest cosine with its own. Similarities are computed in blocks of rows. */
export async function nearestNeighbours(
  features: ImageFeatures,
  { count: wanted, queries = features, signal }: NeighbourOptions,
): Promise<Neighbours> {
  const images = features.values.length / features.size;
  const count = Math.max(0, Math.min(wanted, images - 1));
  const found = { count, positions: new Int32Array(images * count), similarities: new Float32Array(images * count) };
  const all = tf.tidy(() => withLengthOne(rowsOf(features, 0, images)));
  try {
    for (let begin = 0; begin < images; begin += rowsPerBlock) {
      // Ctrl-C needs a turn.
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      const rows = rowsOf(queries, begin, Math.min(rowsPerBlock, images - begin));
      keepNearest(found, begin, bestOf(rows, all, count + 1));
    }
  } finally {
    all.dispose();
  }
  return found;
}

interface Best {
  readonly positions: Int32Array;
  readonly similarities: Float32Array;
}

/** The columns with the largest cosines of each row. The rows are freed. */
function bestOf(rows: tf.Tensor2D, all: tf.Tensor2D, count: number): Best {
  const { values, indices } = tf.tidy(() => tf.topk(tf.matMul(withLengthOne(rows), all, false, true), count));
  const best = { positions: indices.dataSync<'int32'>().slice(), similarities: values.dataSync<'float32'>().slice() };
  tf.dispose([rows, values, indices]);
  return best;
}

/** Keeps the nearest of some rows without the images themselves. */
function keepNearest({ count, positions, similarities }: Neighbours, begin: number, best: Best): void {
  const rows = best.positions.length / (count + 1);
  for (let row = 0; row < rows; row += 1) {
    let kept = 0;
    for (let i = row * (count + 1); i < (row + 1) * (count + 1) && kept < count; i += 1) {
      if (best.positions[i] === begin + row) continue;
      positions[(begin + row) * count + kept] = best.positions[i] ?? 0;
      similarities[(begin + row) * count + kept] = best.similarities[i] ?? 0;
      kept += 1;
    }
  }
}

function rowsOf({ values, size }: ImageFeatures, begin: number, rows: number): tf.Tensor2D {
  const part = values.subarray(begin * size, (begin + rows) * size);
  return tf.tensor2d(part, [part.length / size, size]);
}
