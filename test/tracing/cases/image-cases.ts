import * as tf from '../../../src/tensorflow/tf.js';
import { type CoverageCase, float, int, traces } from './coverage-case.js';

const image = [null, null, null, 3];
const volume = [null, null, null, null, 2];
const gradient = true;
/** Where windows must fit; even and odd sizes, so that 'same' pads on one side and on both. */
const atLeast5 = [
  [4, 8, 9, 6],
  [1, 11, 6, 5],
  [1, 5, 5, 5],
];
const paddings = ['same', 'valid'] as const;

type T4 = tf.Tensor4D;
type T5 = tf.Tensor5D;

const convolutions = paddings.flatMap((pad) => [
  traces(
    `conv2d, ${pad}`,
    'Conv2D Conv2DBackpropInput Conv2DBackpropFilter',
    [float(image), float([3, 3, 3, 2])],
    (x: T4, w: T4) => tf.conv2d(x, w, 1, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `conv2d with stride 2, ${pad}`,
    'Conv2D Conv2DBackpropInput Conv2DBackpropFilter',
    [float(image), float([3, 3, 3, 2])],
    (x: T4, w: T4) => tf.conv2d(x, w, 2, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `conv2d dilated, ${pad}`,
    'Conv2D',
    [float(image), float([2, 2, 3, 2])],
    (x: T4, w: T4) => tf.conv2d(x, w, 1, pad, 'NHWC', 2),
    { sizes: atLeast5 },
  ),
  traces(
    `conv1d, ${pad}`,
    'Conv2D',
    [float([null, null, 3]), float([3, 3, 2])],
    (x: tf.Tensor3D, w: tf.Tensor3D) => tf.conv1d(x, w, 2, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `depthwiseConv2d, ${pad}`,
    'DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter',
    [float(image), float([3, 3, 3, 2])],
    (x: T4, w: T4) => tf.depthwiseConv2d(x, w, 1, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `depthwiseConv2d with stride 2, ${pad}`,
    'DepthwiseConv2dNative',
    [float(image), float([3, 3, 3, 1])],
    (x: T4, w: T4) => tf.depthwiseConv2d(x, w, 2, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `separableConv2d, ${pad}`,
    '',
    [float(image), float([3, 3, 3, 1]), float([1, 1, 3, 4])],
    (x: T4, d: T4, p: T4) => tf.separableConv2d(x, d, p, 1, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(
    `conv2dTranspose of a size, ${pad}`,
    'Conv2DBackpropInput',
    [float(image), float([3, 3, 2, 3])],
    (x: T4, w: T4) => {
      const [b, h, width] = x.shape;
      const grow = (size: number) => 2 * size + (pad === 'valid' ? 1 : 0);
      return tf.conv2dTranspose(x, w, [b, grow(h), grow(width), 2], 2, pad);
    },
    { gradient },
  ),
  traces(
    `conv3d, ${pad}`,
    'Conv3D Conv3DBackpropInputV2 Conv3DBackpropFilterV2',
    [float(volume), float([2, 2, 2, 2, 3])],
    (x: T5, w: T5) => tf.conv3d(x, w, 1, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(`maxPool, ${pad}`, 'MaxPool MaxPoolGrad', [float(image)], (x: T4) => tf.maxPool(x, 2, 2, pad), {
    gradient,
    sizes: atLeast5,
  }),
  traces(
    `maxPool of 3 with stride 2, ${pad}`,
    'MaxPool MaxPoolGrad',
    [float(image)],
    (x: T4) => tf.maxPool(x, 3, 2, pad),
    { gradient, sizes: atLeast5 },
  ),
  traces(`avgPool, ${pad}`, 'AvgPool AvgPoolGrad', [float(image)], (x: T4) => tf.avgPool(x, [2, 3], 2, pad), {
    gradient,
    sizes: atLeast5,
  }),
  traces(`maxPool3d, ${pad}`, 'MaxPool3D MaxPool3DGrad', [float(volume)], (x: T5) => tf.maxPool3d(x, 2, 2, pad), {
    gradient,
    sizes: atLeast5,
  }),
  traces(`avgPool3d, ${pad}`, 'AvgPool3D AvgPool3DGrad', [float(volume)], (x: T5) => tf.avgPool3d(x, 2, 2, pad), {
    gradient,
    sizes: atLeast5,
  }),
  traces(
    `dilation2d, ${pad}`,
    'Dilation2D Dilation2DBackpropInput Dilation2DBackpropFilter',
    [float(image), float([2, 2, 3])],
    (x: T4, w: tf.Tensor3D) => tf.dilation2d(x, w, 1, pad),
    { gradient, sizes: atLeast5 },
  ),
]);

const fused = ([undefined, 'relu', 'relu6', 'elu', 'sigmoid', 'linear'] as const).flatMap((activation) => {
  const options = activation ? { activation } : {};
  // TF.js: "Cannot compute gradient for fused activation elu."
  const withGradient = activation === undefined || activation === 'linear' || activation.startsWith('relu');
  return [
    traces(
      `fused conv2d, ${activation ?? 'nothing'}`,
      'FusedConv2D',
      [float(image), float([3, 3, 3, 2]), float([2])],
      (x: T4, filter: T4, bias: tf.Tensor) => tf.fused.conv2d({ x, filter, strides: 2, pad: 'same', bias, ...options }),
      { gradient: withGradient },
    ),
    traces(
      `fused depthwiseConv2d, ${activation ?? 'nothing'}`,
      'FusedDepthwiseConv2D',
      [float(image), float([3, 3, 3, 1]), float([3])],
      (x: T4, filter: T4, bias: tf.Tensor) =>
        tf.fused.depthwiseConv2d({ x, filter, strides: 1, pad: 'same', bias, ...options }),
      { gradient: withGradient },
    ),
  ];
});

const resizes = (
  [
    [false, false],
    [true, false],
    [false, true],
  ] as const
).flatMap(([align, half]) => {
  const how = align ? 'aligned corners' : half ? 'half pixels' : 'plain';
  return [
    traces(
      `resizeBilinear, ${how}`,
      `ResizeBilinear${half ? '' : ' ResizeBilinearGrad'}`,
      [float(image)],
      (x: T4) => tf.image.resizeBilinear(x, [5, 7], align, half),
      { gradient: !half },
    ),
    traces(
      `resizeNearestNeighbor, ${how}`,
      `ResizeNearestNeighbor${half ? '' : ' ResizeNearestNeighborGrad'}`,
      [float(image)],
      (x: T4) => tf.image.resizeNearestNeighbor(x, [5, 7], align, half),
      { gradient: !half },
    ),
  ];
});

export const imageCases: readonly CoverageCase[] = [
  ...convolutions,
  ...fused,
  ...resizes,
  traces('conv2d with explicit padding', 'Conv2D', [float(image), float([3, 3, 3, 2])], (x: T4, w: T4) =>
    tf.conv2d(x, w, 1, [
      [0, 0],
      [1, 2],
      [2, 0],
      [0, 0],
    ]),
  ),
  traces(
    'conv2d, then a mean: its gradient',
    '',
    [float(image), float([3, 3, 3, 2])],
    (x: T4, w: T4) => tf.mean(tf.conv2d(x, w, 2, 'same')),
    { gradient },
  ),
  traces(
    'resize to double',
    'ResizeBilinear',
    [float(image)],
    (x: T4) => tf.image.resizeBilinear(x, [2 * x.shape[1], 2 * x.shape[2]]),
    { gradient },
  ),
  traces(
    'resize to half',
    'ResizeBilinear',
    [float(image)],
    (x: T4) => tf.image.resizeBilinear(x, [Math.floor(x.shape[1] / 2), Math.ceil(x.shape[2] / 2)]),
    { sizes: atLeast5 },
  ),
  traces(
    'down and up again (a U-Net), cut to size',
    '',
    [float(image), float([2, 2, 3, 3])],
    (x: T4, w: T4) => {
      const [b, h, width] = x.shape;
      const small = tf.maxPool(x, 2, 2, 'same');
      const up = tf.conv2dTranspose(small, w, [b, 2 * small.shape[1], 2 * small.shape[2], 3], 2, 'same');
      return tf.concat([x, tf.slice(up, [0, 0, 0, 0], [b, h, width, 3])], 3);
    },
    { gradient, sizes: atLeast5 },
  ),
  traces(
    'down without padding and up again',
    '',
    [float(image), float([2, 2, 3, 3])],
    (x: T4, w: T4) => {
      const small = tf.avgPool(x, 2, 2, 'valid');
      return tf.conv2dTranspose(small, w, [x.shape[0], 2 * small.shape[1], 2 * small.shape[2], 3], 2, 'same');
    },
    { gradient, sizes: atLeast5 },
  ),
  traces(
    'down without padding, then each pixel twice',
    '',
    [float(image)],
    (x: T4) => {
      const small = tf.avgPool(x, 2, 2, 'valid');
      return tf.image.resizeNearestNeighbor(small, [2 * small.shape[1], 2 * small.shape[2]]);
    },
    { gradient, sizes: atLeast5 },
  ),
  traces(
    'padded to even sizes',
    '',
    [float(image)],
    (x: T4) =>
      tf.pad(x, [
        [0, 0],
        [0, x.shape[1] % 2],
        [0, x.shape[2] % 2],
        [0, 0],
      ]),
    { gradient },
  ),
  traces(
    'down five times, then a mean over what is left',
    '',
    [float([null, null, null, 1])],
    (x: T4) => {
      let y = x;
      for (let i = 0; i < 5; i += 1) y = tf.avgPool(y, 2, 2, 'same');
      return tf.mean(y, [1, 2]);
    },
    {
      gradient,
      sizes: [
        [2, 70, 40],
        [1, 32, 65],
        [1, 5, 5],
      ],
    },
  ),
  traces(
    'windows of 5, then ones of their size',
    '',
    [float([null, null, null, 1])],
    (x: T4) => {
      const y = tf.avgPool(x, 5, 5, 'valid');
      return tf.mul(tf.ones([y.shape[2], y.shape[1]]), tf.sum(y));
    },
    {
      sizes: [
        [2, 10, 20],
        [1, 31, 5],
      ],
    },
  ),
  traces(
    'cropAndResize',
    'CropAndResize',
    [float([3, null, null, 2]), float(['n', 4], 0, 1), int(['n'], 0, 3)],
    (x: T4, boxes: tf.Tensor2D, at: tf.Tensor1D) => tf.image.cropAndResize(x, boxes, at, [4, 5]),
    {
      sizes: [
        [8, 9, 4],
        [5, 3, 1],
      ],
    },
  ),
  traces('flipLeftRight', 'FlipLeftRight', [float(image)], (x: T4) => tf.image.flipLeftRight(x)),
  traces('grayscaleToRGB', '', [float([null, null, null, 1])], (x: T4) => tf.image.grayscaleToRGB(x)),
  traces('rgbToGrayscale', '', [float(image)], (x: T4) => tf.image.rgbToGrayscale(x)),
  traces(
    'localResponseNormalization',
    'LRN LRNGrad',
    [float([null, null, null, 8])],
    (x: T4) => tf.localResponseNormalization(x, 2),
    { gradient },
  ),
  traces(
    'batchNorm',
    'FusedBatchNorm',
    [float(image), float([3]), float([3], 0.5, 1), float([3]), float([3])],
    (x: T4, mean: tf.Tensor1D, variance: tf.Tensor1D, offset: tf.Tensor1D, scale: tf.Tensor1D) =>
      tf.batchNorm(x, mean, variance, offset, scale, 1e-3),
    { gradient },
  ),
  traces(
    'batchNorm of rows',
    'FusedBatchNorm',
    [float([null, 3]), float([3]), float([3], 0.5, 1)],
    (x: tf.Tensor2D, mean: tf.Tensor1D, variance: tf.Tensor1D) => tf.batchNorm(x, mean, variance),
  ),
  traces(
    'batchNorm by statistics of its own',
    'FusedBatchNorm',
    [float(image), float([3]), float([3])],
    (x: T4, offset: tf.Tensor1D, scale: tf.Tensor1D) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale);
    },
    {
      gradient,
      sizes: [
        [4, 8, 9],
        [2, 3, 1],
      ],
    },
  ),
  traces('pool', '', [float(image)], (x: T4) => tf.pool(x, 2, 'max', 'same', 1, 2), { gradient, sizes: atLeast5 }),
];
