import { ImageClassifierModel, type ImageClassifierOptions, tf } from '../../src/index.js';

/**
 * A classifier of one's own: layers, and no more. All signatures, saving and loading are inherited.
 *
 *   npm run train-model -- --model-type examples/custom-model/tiny-model.ts#TinyModel
 *     --train-dataset-path data/digits/train --test-dataset-path data/digits/test
 */
export class TinyModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    super(options, [28, 28], (images, classes) => {
      const { conv2d, dense, flatten, maxPooling2d, rescaling } = tf.layers;
      const layers = [
        rescaling({ scale: 1 / 255 }),
        conv2d({ filters: 12, kernelSize: 5, activation: 'relu', kernelInitializer: 'glorotUniform', name: 'conv' }),
        maxPooling2d({ poolSize: 2 }),
        flatten(),
        dense({ units: classes, kernelInitializer: 'glorotUniform', name: 'logits' }),
      ];
      return layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, images);
    });
  }
}
