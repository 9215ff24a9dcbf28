import { areThreadsGiven } from '../../tensorflow/session.js';
import * as tf from '../../tensorflow/tf.js';

/** Multiplications for an image, forward, below which a network is small. */
const smallNetwork = 2e6;

/**
 * How many threads an op of the training step shares its work among; nothing for as many as there are processors.
 *
 * One for a small network: its ops are done in less time than it takes to wake and await a second thread. The rule looks at the
 * network alone, not at a clock: sums come out with other last bits when their terms are shared out otherwise, and the same
 * training gives the same weights. TF_NUM_INTRAOP_THREADS, where it is set, has the last word.
 */
export function stepThreads(model: tf.LayersModel): number | undefined {
  return !areThreadsGiven() && multiplications(model) < smallNetwork ? 1 : undefined;
}

/** Counts the multiplications of all convolutions and dense layers, whose kernels are applied at every position of the output. */
function multiplications(model: tf.LayersModel): number {
  const sizes = model.layers.map((layer) => {
    const shapes = layer.inboundNodes.map(({ outputShapes }) => outputShapes);
    if (layer.weights.length === 0) return 0;
    const kernels = layer.weights.filter(({ shape }) => shape.length > 1);
    const kernelSize = kernels.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
    return kernelSize * positions(shapes[0] ?? []);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Counts the positions of an output [batch, ...positions, channels]. A size that is known only later counts for a large network. */
function positions(outputShapes: tf.Shape | tf.Shape[]): number {
  const [shape = []] = Array.isArray(outputShapes[0]) ? (outputShapes as tf.Shape[]) : [outputShapes as tf.Shape];
  return shape.slice(1, -1).reduce<number>((product, size) => product * (size ?? Infinity), 1);
}
