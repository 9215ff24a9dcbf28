import type { ImageClassifierOptions } from '../image-classifier-model.js';

/** How an architecture of Keras Applications is made. */
export interface IncludeTopOptions extends ImageClassifierOptions {
  /**
   * Whether the last layer is that of Keras Applications, `predictions`, for weights that were published with it, rather than
   * `logits`, a head of one's own, which such weights leave alone. After Keras's `include_top`. Default: false.
   *
   * Either way it is a dense layer that gives logits: Keras's `predictions` with `classifier_activation=None`. The softmax that Keras
   * ends with has no weights; it is in `serving_labels` and `serving_classify`, whose results are probabilities.
   */
  readonly includeTop?: boolean;
}

/** Names of the last layer: Signet's own, and that of Keras Applications. */
export const headNames = { own: 'logits', keras: 'predictions' } as const;

/**
 * Names of the last layer in the weight files of Keras Applications. Those of MobileNetV2 are older than Keras's own code for it, and
 * say `Logits`: keras-applications 1.0.2, keras_applications/mobilenet_v2.py.
 */
export const publishedHeadNames: readonly string[] = [headNames.keras, 'Logits'];
