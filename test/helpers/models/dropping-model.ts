import { Dropout, ImageClassifierModel, type ImageClassifierOptions, tf } from '../../../src/index.js';

/** A user's small classifier, for `--model-type`, that draws at random while it trains: two layers of dropout with one seed. */
export class DroppingModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { dense, flatten, rescaling } = tf.layers;
    super(options, [16, 16], (_, classes) => [
      rescaling({ scale: 1 / 255 }),
      flatten(),
      new Dropout({ rate: 0.2, seed: options.seed }),
      dense({ units: 24, activation: 'relu', kernelInitializer: 'glorotUniform', name: 'hidden' }),
      new Dropout({ rate: 0.4, seed: options.seed }),
      dense({ units: classes, kernelInitializer: 'glorotUniform', name: 'logits' }),
    ]);
  }
}
