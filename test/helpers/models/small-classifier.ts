import { Dropout } from '../../../src/models/classifier/dropout.js';
import { ImageClassifierModel, type ImageClassifierOptions } from '../../../src/models/image-classifier-model.js';
import * as tf from '../../../src/tensorflow/tf.js';

/** A classifier for images of 8 x 8 pixels with batch normalization, and dropout on request. It trains in hardly any time. */
export class SmallClassifier extends ImageClassifierModel {
  constructor({ dropout = 0, ...options }: ImageClassifierOptions & { readonly dropout?: number }) {
    super(options, [8, 8], (_, classes) => [
      tf.layers.rescaling({ scale: 1 / 255, name: 'rescaling' }),
      tf.layers.conv2d({ filters: 6, kernelSize: 3, useBias: false, name: 'conv' }),
      tf.layers.batchNormalization({ momentum: 0.9, name: 'norm' }),
      tf.layers.reLU({ name: 'relu' }),
      tf.layers.flatten({ name: 'flatten' }),
      new Dropout({ rate: dropout, seed: 11, name: 'dropout' }),
      tf.layers.dense({ units: classes, name: 'logits' }),
    ]);
  }
}
