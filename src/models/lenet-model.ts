import * as tf from '../tensorflow/tf.js';
import { type ImageClassifierOptions, ImageClassifierModel } from './image-classifier-model.js';

/** LeNet for small pictures such as digits: three convolutions with tanh, 110,390 parameters at 28 x 28 and ten classes. */
export class LenetModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { averagePooling2d, conv2d, dense, flatten, rescaling } = tf.layers;
    super(options, [28, 28], (_, classes) => [
      rescaling({ scale: 1 / 255, name: 'rescaling' }),
      conv2d({ filters: 6, kernelSize: 5, activation: 'tanh', kernelInitializer: 'glorotUniform', name: 'conv1' }),
      averagePooling2d({ poolSize: 2, name: 'pool1' }),
      conv2d({ filters: 16, kernelSize: 3, activation: 'tanh', kernelInitializer: 'glorotUniform', name: 'conv2' }),
      averagePooling2d({ poolSize: 2, name: 'pool2' }),
      conv2d({ filters: 120, kernelSize: 3, activation: 'tanh', kernelInitializer: 'glorotUniform', name: 'conv3' }),
      flatten({ name: 'flatten' }),
      dense({ units: 84, activation: 'tanh', kernelInitializer: 'glorotUniform', name: 'dense1' }),
      dense({ units: classes, kernelInitializer: 'glorotUniform', name: 'logits' }),
    ]);
  }
}
