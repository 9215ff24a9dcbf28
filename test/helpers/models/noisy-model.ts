import { ImageClassifierModel, type ImageClassifierOptions, tf } from '../../../src/index.js';

/** A user's small classifier, for `--model-type`, with layers of TF.js that draw at random while it trains, one of them in a nested model. */
export class NoisyModel extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    const { alphaDropout, dense, dropout, flatten, gaussianNoise, rescaling } = tf.layers;
    super(options, [16, 16], (_, classes) => [
      rescaling({ scale: 1 / 255 }),
      gaussianNoise({ stddev: 0.1 }),
      flatten(),
      tf.sequential({
        layers: [dense({ units: 12, inputShape: [768], activation: 'selu' }), alphaDropout({ rate: 0.2 })],
      }),
      dropout({ rate: 0.3 }),
      dense({ units: classes }),
    ]);
  }
}
