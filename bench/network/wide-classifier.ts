import { ImageClassifierModel, type ImageClassifierOptions } from '../../src/models/image-classifier-model.js';
import * as tf from '../../src/tensorflow/tf.js';

/** As many trained numbers as ResNet50V2 with 1000 classes, 25.6 million, in one layer that takes next to no time. */
export class WideClassifier extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    super(options, [28, 28], (_, classes) => [
      tf.layers.rescaling({ scale: 1 / 255, name: 'rescaling' }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ units: 10_833, activation: 'relu', name: 'wide' }),
      tf.layers.dense({ units: classes, name: 'logits' }),
    ]);
  }
}
