import * as tf from '../loading/library.js';

import { replaced } from './replaced.js';

/** Draws that can be traced, float32; see `randomUniform` and `randomNormal` in src/ops/random.ts. */
export interface RandomDraws {
  readonly uniform: (shape: readonly number[], min: number, max: number, seed: number | undefined) => tf.Tensor;
  readonly normal: (shape: readonly number[], mean: number, deviation: number, seed: number | undefined) => tf.Tensor;
}

/** TF.js's layers that draw, as far as their calls are mended here; their classes are not exported. */
interface RandomLayer extends tf.layers.Layer {
  readonly rate: number;
  readonly stddev: number;
  readonly noiseShape?: readonly number[] | null;
  readonly seed?: number | null;
  getNoiseShape(input: tf.Tensor): number[] | null | undefined;
  call: (this: RandomLayer, inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor;
}

/** Seeds of `seedRandomLayer`. TF.js's layers have no room for them, and most have no option for a seed. */
const seeds = new WeakMap<object, number>();

/** Gives a layer of TF.js that draws a seed, unless it was made with one. Does nothing for any other layer. */
export function seedRandomLayer(layer: tf.layers.Layer, seed: number): void {
  seeds.set(layer, seed);
}

/** Gives the seed of `seedRandomLayer`. */
export function randomLayerSeed(layer: tf.layers.Layer): number | undefined {
  return seeds.get(layer);
}

/** Computes from the input what the layer returns while it is trained. */
type Noise = (layer: RandomLayer, input: tf.Tensor, seed: number | undefined) => tf.Tensor;

/**
 * Makes TF.js's layers that draw while they are trained do so by ops: they draw in JavaScript, which a traced step would do only once, and
 * a layer with a seed draws the same at every step.
 *
 * What is drawn follows the same formulas: keras/src/layers/regularization/{dropout,spatial_dropout,gaussian_noise,gaussian_dropout,
 * alpha_dropout}.py.
 */
export function drawByOps({ uniform, normal }: RandomDraws): void {
  const kept = (shape: readonly number[], rate: number, seed: number | undefined) =>
    tf.cast(tf.greaterEqual(uniform(shape, 0, 1, seed), rate), 'float32');
  const dropout = (x: tf.Tensor, rate: number, seed?: number, shape: readonly number[] = x.shape) =>
    tf.mul(tf.mul(x, kept(shape, rate, seed)), 1 / (1 - rate));
  mend(tf.layers.dropout({ rate: 0 }), (layer, input, seed) =>
    dropout(input, layer.rate, seed, layer.getNoiseShape(input) ?? input.shape),
  );
  const { simpleRNNCell, gruCell, lstmCell, convLstm2dCell } = tf.layers;
  const cells = [simpleRNNCell({ units: 1 }), gruCell({ units: 1 }), lstmCell({ units: 1 })];
  for (const cell of [...cells, convLstm2dCell({ filters: 1, kernelSize: 1 })]) mendCell(cell, dropout);
  mendMasks(tf.layers.rnn({ cell: simpleRNNCell({ units: 1 }) }));
  mend(tf.layers.gaussianNoise({ stddev: 0 }), ({ stddev }, input, seed) =>
    tf.add(input, normal(input.shape, 0, stddev, seed)),
  );
  mend(tf.layers.gaussianDropout({ rate: 0 }), ({ rate }, input, seed) =>
    tf.mul(input, normal(input.shape, 1, Math.sqrt(rate / (1 - rate)), seed)),
  );
  mend(tf.layers.alphaDropout({ rate: 0 }), (layer, input, seed) => {
    const { rate, noiseShape } = layer;
    // Klambauer et al., "Self-Normalizing Neural Networks", 2017: the value that SELU tends to, -alpha * scale.
    const dropped = -1.6732632423543772 * 1.0507009873554805;
    const mask = kept(noiseShape ?? input.shape, rate, seed);
    const a = ((1 - rate) * (1 + rate * dropped ** 2)) ** -0.5;
    const noisy = tf.add(tf.mul(input, mask), tf.mul(tf.sub(1, mask), dropped));
    return tf.add(tf.mul(noisy, a), -a * dropped * rate);
  });
}

/** Cells of recurrent layers, which draw their masks by `dropoutFunc`, if they have one, and keep them for all steps of a sequence. */
interface RecurrentCell extends tf.layers.Layer {
  readonly cells?: readonly RecurrentCell[];
  dropoutFunc?: ((x: tf.Tensor, rate: number) => tf.Tensor) | null;
  dropoutMask?: tf.Tensor | tf.Tensor[] | null;
  recurrentDropoutMask?: tf.Tensor | tf.Tensor[] | null;
  call: (this: RecurrentCell, inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor[];
}

function mendCell(cell: tf.layers.Layer, dropout: (x: tf.Tensor, rate: number, seed?: number) => tf.Tensor): void {
  replaced(Object.getPrototypeOf(cell) as RecurrentCell, 'call', (original) => {
    return function (inputs, kwargs) {
      this.dropoutFunc ??= (x, rate) => dropout(x, rate, seeds.get(this));
      return original.call(this, inputs, kwargs);
    };
  });
}

/** Makes `rnn` forget the masks of the last sequence, as `lstm`, `gru` and `simpleRNN` do: they were drawn for another batch. */
function mendMasks(layer: tf.layers.Layer): void {
  replaced(Object.getPrototypeOf(layer) as RecurrentLayer, 'call', (original) => {
    return function (inputs, kwargs) {
      forgetMasks(this.cell);
      return original.call(this, inputs, kwargs);
    };
  });
}

interface RecurrentLayer extends tf.layers.Layer {
  readonly cell: RecurrentCell;
  call: (
    this: RecurrentLayer,
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: Record<string, unknown>,
  ) => tf.Tensor | tf.Tensor[];
}

function forgetMasks(cell: RecurrentCell): void {
  cell.dropoutMask = null;
  cell.recurrentDropoutMask = null;
  cell.cells?.forEach(forgetMasks);
}

function mend(layer: tf.layers.Layer, noise: Noise): void {
  replaced(Object.getPrototypeOf(layer) as RandomLayer, 'call', (original) => {
    return function (inputs, kwargs) {
      const isTraining = kwargs.training === true && this.rate !== 0 && this.stddev !== 0;
      if (!isTraining || this.rate >= 1) return original.call(this, inputs, kwargs);
      const [input = inputs as tf.Tensor] = Array.isArray(inputs) ? inputs : [inputs];
      return tf.tidy(() => noise(this, input, this.seed ?? seeds.get(this)));
    };
  });
}
