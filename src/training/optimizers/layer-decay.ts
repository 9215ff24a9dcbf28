import { checkNumber } from '../../errors.js';
import { variablesOf } from '../../tensorflow/layer-weights.js';
import type * as tf from '../../tensorflow/tf.js';

/**
 * Makes a `learningRateMultiplier` that lets layers learn more slowly the further they are from the output: layer-wise decay of the learning rate.
 * The last layer with a kernel has the optimizer's own rate, and each earlier one has `decay` times the rate of the next. A layer without a kernel,
 * such as batch normalization, counts as part of the one before it.
 *
 * Source: Clark et al., ELECTRA, https://arxiv.org/abs/2003.10555, `layerwise_lr_decay`; in timm `--layer-decay`, by blocks.
 *
 * @param decay Above 0, at most 1.
 * @throws SignetError `INVALID_ARGUMENT`.
 * @example
 * ```ts
 * model.compile({ optimizer: new AdamW({ learningRate: 0.001, learningRateMultiplier: layerDecay(model, 0.95) }) });
 * ```
 */
export function layerDecay(model: tf.LayersModel, decay: number): (variable: string) => number {
  checkNumber('layerDecay', decay, 'above 0, at most 1', (value) => value > 0 && value <= 1);
  const withKernels = model.layers.filter(({ weights }) => weights.some(hasKernel)).length;
  let seen = 0;
  const factors = new Map<string, number>();
  for (const { weights } of model.layers) {
    if (weights.some(hasKernel)) seen += 1;
    const factor = decay ** (withKernels - Math.max(1, seen));
    for (const { name } of variablesOf(weights)) factors.set(name, factor);
  }
  return (variable) => factors.get(variable) ?? 1;
}

function hasKernel({ shape }: tf.LayersModel['weights'][number]): boolean {
  return shape.length > 1;
}
