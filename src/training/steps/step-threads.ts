import { areThreadsGiven } from '../../tensorflow/session.js';
import * as tf from '../../tensorflow/tf.js';

/** A network with fewer multiplications per image in the forward pass counts as small. */
const smallNetwork = 2e6;

/**
 * Number of threads that share the work of an op in the training step; undefined for one per processor.
 *
 * One for a small network: its ops are done in less time than it takes to wake and await a second thread. The rule depends only on the network, not
 * on a clock: sums differ in their last bits if their terms are distributed differently, and the same training must give the same weights.
 * TF_NUM_INTRAOP_THREADS takes precedence if it is set.
 *
 * @param from Tensor where the step begins. Default: the model's inputs.
 */
export function stepThreads(model: tf.LayersModel, from?: tf.SymbolicTensor): number | undefined {
  return !areThreadsGiven() && isSmall(model, from) ? 1 : undefined;
}

/** Whether the ops of a network, or of what follows a tensor in it, are so small that the overhead takes longer. */
export function isSmall(model: tf.LayersModel, from?: tf.SymbolicTensor): boolean {
  const layers = from ? layersAfter(from, model.outputs) : model.layers;
  return multiplications(layers) < smallNetwork;
}

/** Layers between a tensor and the tensors that depend on it. */
function layersAfter(from: tf.SymbolicTensor, outputs: readonly tf.SymbolicTensor[]): tf.layers.Layer[] {
  const seen = new Set<tf.SymbolicTensor>([from]);
  const waiting = [...outputs];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    waiting.push(...tensor.inputs);
  }
  seen.delete(from);
  return [...new Set([...seen].map(({ sourceLayer }) => sourceLayer))];
}

/** Counts the multiplications of convolutions and dense layers, whose kernels are applied at every position of the output. */
function multiplications(layers: readonly tf.layers.Layer[]): number {
  const sizes = layers.map((layer) => {
    const shapes = layer.inboundNodes.map(({ outputShapes }) => outputShapes);
    if (layer.weights.length === 0) return 0;
    const kernels = layer.weights.filter(({ shape }) => shape.length > 1);
    const kernelSize = kernels.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape as number[]), 0);
    return kernelSize * positions(shapes[0] ?? []);
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Counts the positions of an output [batch, ...positions, channels]. A size that is known only later makes the network count as large. */
function positions(outputShapes: tf.Shape | tf.Shape[]): number {
  const [shape = []] = Array.isArray(outputShapes[0]) ? (outputShapes as tf.Shape[]) : [outputShapes as tf.Shape];
  return shape.slice(1, -1).reduce<number>((product, size) => product * (size ?? Infinity), 1);
}
