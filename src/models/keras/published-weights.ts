import { SignetError } from '../../errors.js';

/** Where Keras Applications publishes its weights. */
export const publishedWeightsUrl = 'https://storage.googleapis.com/tensorflow/keras-applications/';

/** A weight file that Keras Applications publishes. */
export interface PublishedWeights {
  /** Its place below the base address; the last part is the file's name. */
  readonly path: string;
  /** MD5 in hexadecimal, where Keras's source has one: the `file_hash` of its `get_file`. */
  readonly md5?: string;
}

/** Which weights are wanted. */
export interface WantedWeights {
  /** A class of Signet's, such as `ResnetModel`. */
  readonly modelType: string;
  /** Weights by name; Keras Applications has `imagenet`. */
  readonly name: string;
  /** How wide a MobileNetModel is. Default: 1. */
  readonly alpha?: number;
  /** The model's height and width in pixels; MobileNetV2's weights differ by it. Default: 224 x 224. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Whether the head of 1000 classes is wanted too. Default: false. */
  readonly includeTop?: boolean;
}

type Find = (wanted: Required<WantedWeights>) => PublishedWeights;

/** MD5 of the file with the head and of the one without. */
type Hashes = readonly [top: string, noTop: string];

/** Source: keras/src/applications/resnet.py, `BASE_WEIGHTS_PATH` and `WEIGHTS_HASHES`. */
const resnet50V2: Hashes = ['3ef43a0b657b3be2300d5770ece849e0', 'fac2f116257151a9d068a22e544a4917'];

/** Source: keras/src/applications/inception_v3.py, `WEIGHTS_PATH` and the `file_hash` of its `get_file`. */
const inceptionV3: Hashes = ['9a0d58056eeedaa3f26cb7ebd46da564', 'bcbd6486424b2319ff4ef7d526e38f63'];

/** The classes that have published weights: one line each. */
const published: Readonly<Record<string, Find>> = {
  InceptionModel: ({ includeTop }) => dimOrdering('inception_v3/inception_v3', includeTop, inceptionV3),
  MobileNetModel: mobileNetV2,
  ResnetModel: ({ includeTop }) => dimOrdering('resnet/resnet50v2', includeTop, resnet50V2),
};

/**
 * The file that Keras Applications publishes for a model.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists what there is.
 */
export function publishedWeights(wanted: WantedWeights): PublishedWeights {
  const { modelType, name } = wanted;
  const find = Object.hasOwn(published, modelType) ? published[modelType] : undefined;
  if (name !== 'imagenet' || !find) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `Weights by name are "imagenet", for ${Object.keys(published).join(', ')}. Received: "${name}" for ${modelType}. ` +
        'Give a weight file of Keras, or start from random weights.',
    );
  }
  return find({ alpha: 1, imageSize: [224, 224], includeTop: false, ...wanted });
}

function dimOrdering(prefix: string, includeTop: boolean, [top, noTop]: Hashes): PublishedWeights {
  const path = `${prefix}_weights_tf_dim_ordering_tf_kernels${includeTop ? '' : '_notop'}.h5`;
  return { path, md5: includeTop ? top : noTop };
}

const widths = [0.35, 0.5, 0.75, 1, 1.3, 1.4];
const sizes = [96, 128, 160, 192, 224];

/** Keras's source has no checksums of these. Source: keras/src/applications/mobilenet_v2.py, `BASE_WEIGHT_PATH`. */
function mobileNetV2({ alpha, imageSize: [height, width], includeTop }: Required<WantedWeights>): PublishedWeights {
  if (!widths.includes(alpha)) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `MobileNetModel has weights "imagenet" for an alpha of ${widths.join(', ')}. Received: ${alpha}.`,
    );
  }
  // The weights fit every size. Those of the wide networks were published for 224 only.
  const rows = height === width && sizes.includes(height) && alpha <= 1 ? height : 224;
  const factor = Number.isInteger(alpha) ? alpha.toFixed(1) : String(alpha);
  const file = `mobilenet_v2_weights_tf_dim_ordering_tf_kernels_${factor}_${rows}${includeTop ? '' : '_no_top'}.h5`;
  return { path: `mobilenet_v2/${file}` };
}
