import { ImageClassifierModel, type ImageClassifierOptions, tf } from '../../src/index.js';

/**
 * Your own classifier: just its layers. All signatures, saving and loading are inherited.
 *
 *   npm run train-model -- --model-type examples/custom-model/tiny-model.ts#TinyModel
 *     --train-dataset-path data/digits/train --test-dataset-path data/digits/test
 */
export class TinyModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { conv2d, dense, flatten, maxPooling2d, rescaling } = tf.layers;
    super(options, [28, 28], (_, classes) => [
      rescaling({ scale: 1 / 255 }),
      conv2d({ filters: 12, kernelSize: 5, activation: 'relu', kernelInitializer: 'glorotUniform', name: 'conv' }),
      maxPooling2d({ poolSize: 2 }),
      flatten(),
      dense({ units: classes, kernelInitializer: 'glorotUniform', name: 'logits' }),
    ]);
  }
}
