import * as tf from '../tensorflow/tf.js';
import { BackboneModel, type BackboneOptions } from './backbone-model.js';
import { applyLayer, applyLayers } from './classifier/layer-calls.js';

/** InceptionV3 with average pooling and a dense layer of logits; layers are named as in Keras Applications. */
export class InceptionModel extends BackboneModel {
  constructor(options: BackboneOptions) {
    super(options, [299, 299], (images) => new InceptionV3().features(images));
  }
}

type Tensor = tf.SymbolicTensor;
type Size = readonly [height: number, width: number];

/** A convolution: filters, window, and whether it halves height and width. */
type Step = readonly [filters: number, window: Size, halves?: boolean];

/**
 * The backbone. Keras numbers its layers in the order in which they are made, so they are made in Keras's order.
 *
 * Source: Szegedy et al., arXiv:1512.00567.
 */
class InceptionV3 {
  #made = 0;

  /** Returns the features, [n, h / 32 - 1, w / 32 - 1, 2048], of images with values in [-1, 1]. */
  features(images: Tensor): Tensor {
    let x = this.#conv(images, 32, [3, 3], { strides: 2, padding: 'valid' });
    x = this.#conv(x, 32, [3, 3], { padding: 'valid' });
    x = maxPool(this.#conv(x, 64, [3, 3]));
    x = this.#conv(x, 80, [1, 1], { padding: 'valid' });
    x = maxPool(this.#conv(x, 192, [3, 3], { padding: 'valid' }));
    for (const [i, pooled] of [32, 64, 64].entries()) x = this.#blockOf5(x, pooled, `mixed${i}`);
    x = this.#smaller(x, [[[384, [3, 3], true]], [[64, [1, 1]], [96, [3, 3]], [96, [3, 3], true]]], 'mixed3'); // prettier-ignore
    for (const [i, filters] of [128, 160, 160, 192].entries()) x = this.#blockOf7(x, filters, `mixed${i + 4}`);
    x = this.#smaller(
      x,
      [
        [[192, [1, 1]], [320, [3, 3], true]], // prettier-ignore
        [[192, [1, 1]], [192, [1, 7]], [192, [7, 1]], [192, [3, 3], true]], // prettier-ignore
      ],
      'mixed8',
    );
    for (const i of [0, 1]) x = this.#wideBlock(x, i);
    return x;
  }

  #blockOf5(x: Tensor, pooled: number, name: string): Tensor {
    const branches = [
      this.#steps(x, [[64, [1, 1]]]),
      this.#steps(x, [[48, [1, 1]], [64, [5, 5]]]), // prettier-ignore
      this.#steps(x, [[64, [1, 1]], [96, [3, 3]], [96, [3, 3]]]), // prettier-ignore
      this.#conv(averagePool(x), pooled, [1, 1]),
    ];
    return concatenated(branches, name);
  }

  #blockOf7(x: Tensor, f: number, name: string): Tensor {
    const branches = [
      this.#steps(x, [[192, [1, 1]]]),
      this.#steps(x, [[f, [1, 1]], [f, [1, 7]], [192, [7, 1]]]), // prettier-ignore
      this.#steps(x, [[f, [1, 1]], [f, [7, 1]], [f, [1, 7]], [f, [7, 1]], [192, [1, 7]]]), // prettier-ignore
      this.#conv(averagePool(x), 192, [1, 1]),
    ];
    return concatenated(branches, name);
  }

  /** Halves height and width. */
  #smaller(x: Tensor, branches: readonly (readonly Step[])[], name: string): Tensor {
    return concatenated([...branches.map((steps) => this.#steps(x, steps)), maxPool(x)], name);
  }

  /** One of the two last blocks: with horizontal and vertical windows of 3 side by side. */
  #wideBlock(x: Tensor, position: number): Tensor {
    const split = (from: Tensor, name: string) =>
      concatenated([this.#conv(from, 384, [1, 3]), this.#conv(from, 384, [3, 1])], name);
    const one = this.#conv(x, 320, [1, 1]);
    const three = split(this.#conv(x, 384, [1, 1]), `mixed9_${position}`);
    const double = split(this.#steps(x, [[448, [1, 1]], [384, [3, 3]]]), `concatenate_${position}`); // prettier-ignore
    const pooled = this.#conv(averagePool(x), 192, [1, 1]);
    return concatenated([one, three, double, pooled], `mixed${9 + position}`);
  }

  #steps(x: Tensor, steps: readonly Step[]): Tensor {
    return steps.reduce(
      (from, [filters, window, halves]) =>
        this.#conv(from, filters, window, halves ? { strides: 2, padding: 'valid' } : {}),
      x,
    );
  }

  #conv(x: Tensor, filters: number, window: Size, options: { strides?: number; padding?: 'valid' } = {}): Tensor {
    const number = this.#made === 0 ? '' : `_${this.#made}`;
    this.#made += 1;
    const { strides = 1, padding = 'same' } = options;
    const convolution = tf.layers.conv2d({
      filters,
      strides,
      padding,
      kernelSize: [...window],
      useBias: false,
      kernelInitializer: 'glorotUniform',
      name: `conv2d${number}`,
    });
    const normalization = tf.layers.batchNormalization({
      scale: false,
      epsilon: 1e-3,
      momentum: 0.99,
      name: `batch_normalization${number}`,
    });
    const activation = tf.layers.activation({ activation: 'relu', name: `activation${number}` });
    return applyLayers([convolution, normalization, activation], x);
  }
}

function maxPool(x: Tensor): Tensor {
  return applyLayer(tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }), x);
}

function averagePool(x: Tensor): Tensor {
  return applyLayer(tf.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }), x);
}

function concatenated(branches: readonly Tensor[], name: string): Tensor {
  return tf.layers.concatenate({ axis: -1, name }).apply([...branches]) as Tensor;
}
