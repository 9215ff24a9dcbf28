import * as tf from '../../../src/tensorflow/tf.js';
import { type CaseArgument, type CoverageCase, float, int, traces } from './coverage-case.js';

const gradient = true;
const rows = float([null, 6]);
const steps = float([null, 5, 4]);
const images = float([null, 8, 9, 3]);
const volumes = float([null, 4, 4, 4, 2]);
/** Sizes that differ in height and width too. */
const anyImages = float([null, null, null, 3]);
const someSizes = [
  [4, 8, 9],
  [1, 11, 6],
  [2, 6, 6],
];

type Layer = tf.layers.Layer;
const seeded = () => tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed: 3 });

/** A layer is made once, as in a model, and its weights are variables of the traced function. */
function layerCase(
  name: string,
  layer: Layer,
  argument: CaseArgument,
  options: Parameters<typeof traces>[4] = {},
): CoverageCase {
  layer.apply(tf.input({ batchShape: argument.shape as number[] }));
  return traces(`layers.${name}`, '', [argument], (x: tf.Tensor) => layer.apply(x) as tf.Tensor, {
    gradient,
    ...options,
  });
}

const activations = [
  'elu',
  'hardSigmoid',
  'linear',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
] as const;

/** Layers of several inputs. */
function mergeCase(name: string, layer: Layer, options: Parameters<typeof traces>[4] = {}): CoverageCase {
  layer.apply([tf.input({ shape: [6] }), tf.input({ shape: [6] })]);
  return traces(
    `layers.${name}`,
    '',
    [float(['b', 6]), float(['b', 6])],
    (x: tf.Tensor, y: tf.Tensor) => layer.apply([x, y]) as tf.Tensor,
    { gradient, ...options },
  );
}

/** Made when they are wanted: layers have weights. */
export function layerCases(): readonly CoverageCase[] {
  const kernelInitializer = seeded();
  const depthwiseInitializer = seeded();
  const pointwiseInitializer = seeded();
  const recurrentInitializer = seeded();
  return [
    ...activations.map((activation) =>
      layerCase(`activation ${activation}`, tf.layers.activation({ activation: activation }), rows),
    ),
    layerCase('elu', tf.layers.elu(), rows),
    layerCase('leakyReLU', tf.layers.leakyReLU(), rows),
    layerCase('prelu', tf.layers.prelu({}), rows),
    layerCase('reLU', tf.layers.reLU({ maxValue: 6 }), rows),
    layerCase('softmax', tf.layers.softmax(), rows),
    layerCase('thresholdedReLU', tf.layers.thresholdedReLU(), rows, { gradient: false }),
    layerCase('dense', tf.layers.dense({ units: 4, activation: 'relu', kernelInitializer }), rows),
    layerCase('dense over steps', tf.layers.dense({ units: 4, kernelInitializer }), steps),
    layerCase('dropout', tf.layers.dropout({ rate: 0.5 }), rows),
    layerCase('flatten', tf.layers.flatten(), images),
    layerCase('permute', tf.layers.permute({ dims: [2, 1] }), steps),
    layerCase('repeatVector', tf.layers.repeatVector({ n: 3 }), rows),
    layerCase('reshape', tf.layers.reshape({ targetShape: [2, 3] }), rows),
    layerCase('reshape with -1', tf.layers.reshape({ targetShape: [-1, 3] }), rows),
    layerCase('masking', tf.layers.masking({ maskValue: 0 }), steps, { gradient: false }),
    layerCase('conv1d', tf.layers.conv1d({ filters: 2, kernelSize: 3, kernelInitializer }), steps),
    layerCase(
      'conv2d',
      tf.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', activation: 'relu', kernelInitializer }),
      anyImages,
    ),
    layerCase(
      'conv2d with strides',
      tf.layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, kernelInitializer }),
      anyImages,
      { sizes: someSizes },
    ),
    layerCase(
      'conv2d dilated',
      tf.layers.conv2d({ filters: 2, kernelSize: 2, dilationRate: 2, padding: 'same', kernelInitializer }),
      anyImages,
      { gradient: false },
    ),
    layerCase(
      'conv2dTranspose',
      tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same', kernelInitializer }),
      anyImages,
    ),
    layerCase('conv3d', tf.layers.conv3d({ filters: 2, kernelSize: 2, kernelInitializer }), volumes),
    layerCase('conv3dTranspose', tf.layers.conv3dTranspose({ filters: 2, kernelSize: 2, kernelInitializer }), volumes, {
      gradient: false,
    }),
    layerCase(
      'depthwiseConv2d',
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', depthwiseInitializer }),
      anyImages,
    ),
    layerCase(
      'separableConv2d',
      tf.layers.separableConv2d({
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        depthwiseInitializer,
        pointwiseInitializer,
      }),
      anyImages,
    ),
    layerCase(
      'cropping2D',
      tf.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 1],
        ],
      }),
      images,
    ),
    layerCase(
      'cropping2D of any image',
      tf.layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 1],
        ],
      }),
      anyImages,
      { sizes: someSizes },
    ),
    layerCase('upSampling2d', tf.layers.upSampling2d({ size: [2, 2] }), images),
    layerCase('upSampling2d of any image', tf.layers.upSampling2d({ size: [2, 3] }), anyImages),
    layerCase('upSampling2d bilinear', tf.layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' }), anyImages),
    layerCase(
      'zeroPadding2d',
      tf.layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 1],
        ],
      }),
      anyImages,
    ),
    layerCase('maxPooling1d', tf.layers.maxPooling1d({ poolSize: 2 }), steps),
    layerCase('averagePooling1d', tf.layers.averagePooling1d({ poolSize: 2 }), steps),
    layerCase('maxPooling2d', tf.layers.maxPooling2d({ poolSize: 2 }), anyImages, { sizes: someSizes }),
    layerCase('averagePooling2d', tf.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }), anyImages),
    layerCase('maxPooling3d', tf.layers.maxPooling3d({ poolSize: 2 }), volumes),
    layerCase('averagePooling3d', tf.layers.averagePooling3d({ poolSize: 2 }), volumes),
    layerCase('globalAveragePooling1d', tf.layers.globalAveragePooling1d({}), steps),
    layerCase('globalAveragePooling2d', tf.layers.globalAveragePooling2d({}), anyImages),
    layerCase('globalMaxPooling1d', tf.layers.globalMaxPooling1d({}), steps),
    layerCase('globalMaxPooling2d', tf.layers.globalMaxPooling2d({}), anyImages),
    layerCase('batchNormalization', tf.layers.batchNormalization(), anyImages),
    layerCase('batchNormalization of rows', tf.layers.batchNormalization(), rows),
    layerCase('layerNormalization', tf.layers.layerNormalization(), rows),
    layerCase('layerNormalization over steps', tf.layers.layerNormalization(), steps),
    layerCase(
      'embedding',
      tf.layers.embedding({ inputDim: 7, outputDim: 3, embeddingsInitializer: seeded() }),
      int([null, 4], 0, 7),
      { gradient: false },
    ),
    layerCase('simpleRNN', tf.layers.simpleRNN({ units: 3, kernelInitializer, recurrentInitializer }), steps),
    layerCase('gru', tf.layers.gru({ units: 3, kernelInitializer, recurrentInitializer }), steps),
    layerCase('lstm', tf.layers.lstm({ units: 3, kernelInitializer, recurrentInitializer }), steps),
    layerCase(
      'lstm that returns sequences',
      tf.layers.lstm({ units: 3, returnSequences: true, kernelInitializer, recurrentInitializer }),
      steps,
    ),
    layerCase(
      'bidirectional',
      tf.layers.bidirectional({
        layer: tf.layers.gru({ units: 2, kernelInitializer, recurrentInitializer }),
        mergeMode: 'concat',
      }),
      steps,
    ),
    layerCase(
      'timeDistributed',
      tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2, kernelInitializer }) }),
      steps,
    ),
    mergeCase('add', tf.layers.add()),
    mergeCase('average', tf.layers.average()),
    mergeCase('concatenate', tf.layers.concatenate()),
    mergeCase('dot', tf.layers.dot({ axes: 1 })),
    mergeCase('maximum', tf.layers.maximum()),
    mergeCase('minimum', tf.layers.minimum()),
    mergeCase('multiply', tf.layers.multiply()),
  ];
}
