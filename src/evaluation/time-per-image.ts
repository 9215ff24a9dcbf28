import type { ImageSize } from '../ops/decode-and-resize.js';
import { LoadedSavedModel } from '../saved-model/run/load-saved-model.js';
import * as tf from '../tensorflow/tf.js';
import { latencyOf } from '../data/statistics.js';

/** Number of calls before the ones that count: the first ones also prepare the graph. */
const warmUpCalls = 3;
const timedCalls = 15;

/**
 * Measures how long `serving_default` of a SavedModel takes for one image of its own size, compiled, in milliseconds: the median.
 *
 * Blocks the thread meanwhile.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`, `TENSORFLOW_ERROR`.
 */
export async function timePerImage(directory: string, [height, width]: ImageSize): Promise<number> {
  const model = await LoadedSavedModel.load(directory);
  const image = tf.zeros([1, height, width, 3]);
  try {
    const milliseconds = Array.from({ length: warmUpCalls + timedCalls }, () => {
      const start = performance.now();
      const outputs = model.call('serving_default', { input_tensor: image });
      Object.values(outputs).forEach((output) => output.dataSync());
      tf.dispose(outputs);
      return performance.now() - start;
    });
    return latencyOf(milliseconds.slice(warmUpCalls)).p50;
  } finally {
    image.dispose();
    model.dispose();
  }
}
