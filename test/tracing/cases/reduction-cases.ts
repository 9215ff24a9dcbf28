import * as tf from '../../../src/tensorflow/tf.js';
import { bool, type CoverageCase, float, int, traces } from './coverage-case.js';

const image = [null, null, null, 3];
const gradient = true;

/** [function, kernel, whether the gradient is tested] */
const reductions: readonly (readonly ['sum' | 'mean' | 'max' | 'min' | 'prod', string, boolean])[] = [
  ['sum', 'Sum', true],
  ['mean', 'Mean', true],
  ['max', 'Max', true],
  ['min', 'Min', true],
  ['prod', 'Prod', false],
];

const reductionCases = reductions.flatMap(([name, kernel, withGradient]) => {
  const options = { gradient: withGradient };
  return [
    traces(`${name} of all`, kernel, [float(image, 0.5, 1)], (x: tf.Tensor) => tf[name](x), options),
    traces(`${name} over the batch`, kernel, [float(image, 0.5, 1)], (x: tf.Tensor) => tf[name](x, 0), options),
    traces(
      `${name} over height and width`,
      kernel,
      [float(image, 0.5, 1)],
      (x: tf.Tensor) => tf[name](x, [1, 2]),
      options,
    ),
    traces(
      `${name} over height and width, kept`,
      kernel,
      [float(image, 0.5, 1)],
      (x: tf.Tensor) => tf[name](x, [1, 2], true),
      options,
    ),
    traces(
      `${name} over the last axis`,
      kernel,
      [float([null, null], 0.5, 1)],
      (x: tf.Tensor) => tf[name](x, -1),
      options,
    ),
    traces(`${name} over no axis`, kernel, [float([null, null], 0.5, 1)], (x: tf.Tensor) => tf[name](x, []), options),
    traces(`${name} of ints`, kernel, [int([null, null], 1, 3)], (x: tf.Tensor) => tf[name](x, 0)),
  ];
});

export const reductionAndMatrixCases: readonly CoverageCase[] = [
  ...reductionCases,
  traces('prod and its gradient', 'Prod Cumprod', [float([null, null], 0.5, 1)], (x: tf.Tensor) => tf.prod(x, 1), {
    gradient,
  }),
  traces(
    'prod over two axes and its gradient',
    'Prod',
    [float([null, null, 2], 0.9, 1)],
    (x: tf.Tensor) => tf.prod(x, [1, 2]),
    { gradient },
  ),
  traces('all', 'All', [bool([null, null])], (x: tf.Tensor) => tf.all(x, 1)),
  traces('all of all', 'All', [bool([null, null])], (x: tf.Tensor) => tf.all(x)),
  traces('any', 'Any', [bool([null, null])], (x: tf.Tensor) => tf.any(x, 0, true)),
  traces('argMax', 'ArgMax', [float([null, null])], (x: tf.Tensor) => tf.argMax(x, 1), { gradient }),
  traces('argMax over the batch', 'ArgMax', [float(image)], (x: tf.Tensor) => tf.argMax(x, 0)),
  traces('argMin', 'ArgMin', [float([null, null])], (x: tf.Tensor) => tf.argMin(x, -1), { gradient }),
  traces('cumsum', 'Cumsum', [float([null, null])], (x: tf.Tensor) => tf.cumsum(x, 1), { gradient }),
  traces('cumsum of another axis', 'Cumsum', [float([null, null, 2])], (x: tf.Tensor) => tf.cumsum(x, 0, true, true)),
  traces('cumprod', 'Cumprod', [float([null, null])], (x: tf.Tensor) => tf.cumprod(x, 1)),
  traces('topk', 'TopK', [float([null, 5])], (x: tf.Tensor) => ({ ...tf.topk(x, 2) })),
  traces('topk of an unknown size', 'TopK', [float([null, null])], (x: tf.Tensor) => tf.topk(x, 2).values, {
    sizes: [
      [3, 4],
      [1, 2],
    ],
  }),
  traces('topk of all', 'TopK', [float([null, null])], (x: tf.Tensor2D) => tf.topk(x, x.shape[1]).values),
  traces('logSumExp', '', [float([null, null])], (x: tf.Tensor) => tf.logSumExp(x, 1), { gradient }),
  traces('moments', '', [float(image)], (x: tf.Tensor) => ({ ...tf.moments(x, [0, 1, 2]) }), { gradient }),
  traces(
    'a layer norm by hand',
    '',
    [float([null, null, 4])],
    (x: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
    },
    { gradient },
  ),
  traces(
    'the variance with one less',
    '',
    [float([null, null])],
    (x: tf.Tensor2D) => tf.div(tf.sum(tf.square(tf.sub(x, tf.mean(x, 0))), 0), x.shape[0] - 1),
    {
      sizes: [
        [4, 3],
        [2, 5],
      ],
    },
  ),
  traces(
    'a sum over the number of pixels',
    '',
    [float(image)],
    (x: tf.Tensor4D) => tf.div(tf.sum(x), x.shape[1] * x.shape[2]),
    { gradient },
  ),
  traces('a sum times one by the size', '', [float([null, null])], (x: tf.Tensor2D) =>
    tf.mul(tf.sum(x), 1 / (x.shape[0] * x.shape[1])),
  ),
  traces('a sum times two by the size', '', [float([null, null])], (x: tf.Tensor2D) =>
    tf.mul(tf.sum(x), 2 / x.shape[0]),
  ),
  traces('half a size', '', [float([null, null])], (x: tf.Tensor2D) => tf.sub(x, (x.shape[1] - 1) / 2)),
  ...(['euclidean', 1, 2, Infinity, -Infinity] as const).map((order) =>
    traces(`norm ${order}`, '', [float([null, null])], (x: tf.Tensor) => tf.norm(x, order, 1), {
      gradient: order === 'euclidean',
    }),
  ),
  traces('norm of a matrix', '', [float([null, null])], (x: tf.Tensor) => tf.norm(x, 'fro', [0, 1])),
  traces('euclideanNorm', '', [float([null, null])], (x: tf.Tensor) => tf.euclideanNorm(x, 1, true), { gradient }),
  traces('softmax', 'Softmax', [float([null, null])], (x: tf.Tensor) => tf.softmax(x), { gradient }),
  traces('logSoftmax', '', [float([null, null])], (x: tf.Tensor) => tf.logSoftmax(x), { gradient }),
  traces(
    'matMul',
    'BatchMatMul',
    [float([null, 'k']), float(['k', null])],
    (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
    { gradient },
  ),
  ...(
    [
      [true, false, ['k', null], ['k', null]],
      [false, true, [null, 'k'], [null, 'k']],
      [true, true, ['k', null], [null, 'k']],
    ] as const
  ).map(([a, b, left, right]) =>
    traces(
      `matMul ${a ? 'transposed' : ''}, ${b ? 'transposed' : ''}`,
      'BatchMatMul',
      [float(left), float(right)],
      (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, a, b),
      { gradient },
    ),
  ),
  traces(
    'matMul in batches',
    'BatchMatMul',
    [float(['b', null, 'k']), float(['b', 'k', null])],
    (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
    { gradient },
  ),
  traces(
    'matMul of a batch and a matrix',
    'BatchMatMul',
    [float([null, null, 3]), float([1, 3, 4])],
    (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a, b),
  ),
  traces('dot of vectors', '', [float(['n']), float(['n'])], (a: tf.Tensor, b: tf.Tensor) => tf.dot(a, b), {
    gradient,
  }),
  traces(
    'dot of a matrix and a vector',
    '',
    [float([null, 'n']), float(['n'])],
    (a: tf.Tensor, b: tf.Tensor) => tf.dot(a, b),
    { gradient },
  ),
  traces(
    'outerProduct',
    '',
    [float([null]), float([null])],
    (a: tf.Tensor1D, b: tf.Tensor1D) => tf.outerProduct(a, b),
    { gradient },
  ),
  traces('einsum of matrices', 'Einsum', [float([null, 'k']), float(['k', null])], (a: tf.Tensor, b: tf.Tensor) =>
    tf.einsum('ij,jk->ik', a, b),
  ),
  traces(
    'einsum in batches',
    'Einsum',
    [float(['b', null, 'k']), float(['b', null, 'k'])],
    (a: tf.Tensor, b: tf.Tensor) => tf.einsum('bqk,bsk->bqs', a, b),
  ),
  traces('einsum that transposes', 'Einsum', [float([null, null, 2])], (x: tf.Tensor) => tf.einsum('abc->cba', x)),
  ...([undefined, 'relu', 'relu6', 'elu', 'sigmoid', 'linear'] as const).map((activation) =>
    traces(
      `fused matMul, ${activation ?? 'nothing'}`,
      '_FusedMatMul',
      [float([null, 4]), float([4, 3]), float([3])],
      (a: tf.Tensor2D, b: tf.Tensor2D, bias: tf.Tensor1D) =>
        tf.fused.matMul({ a, b, transposeA: false, transposeB: false, bias, ...(activation ? { activation } : {}) }),
      { gradient },
    ),
  ),
  traces(
    'fused matMul, prelu',
    '_FusedMatMul',
    [float([null, 4]), float([4, 3]), float([3])],
    (a: tf.Tensor2D, b: tf.Tensor2D, alpha: tf.Tensor1D) =>
      tf.fused.matMul({
        a,
        b,
        transposeA: false,
        transposeB: false,
        activation: 'prelu',
        preluActivationWeights: alpha,
      }),
  ),
  traces(
    'fused matMul, leakyrelu',
    '_FusedMatMul',
    [float([null, 4]), float([4, 3])],
    (a: tf.Tensor2D, b: tf.Tensor2D) =>
      tf.fused.matMul({ a, b, transposeA: false, transposeB: false, activation: 'leakyrelu', leakyreluAlpha: 0.3 }),
  ),
  traces('bandPart of a known batch', '', [float([2, 4, 4])], (x: tf.Tensor) => tf.linalg.bandPart(x, 1, 0)),
  traces('bandPart of unknown sizes', '', [float([null, null])], (x: tf.Tensor) => tf.linalg.bandPart(x, 1, 1)),
  traces('gramSchmidt', '', [float([3, 4])], (x: tf.Tensor2D) => tf.linalg.gramSchmidt(x) as tf.Tensor2D),
  traces('multinomial', 'Multinomial', [float([null, 4])], (x: tf.Tensor2D) => tf.multinomial(x, 5, 1), {
    random: 'draws',
  }),
  traces('multinomial without a seed', 'Multinomial', [float([null, 4])], (x: tf.Tensor2D) => tf.multinomial(x, 5), {
    random: 'draws',
  }),
  traces('fft', 'Complex FFT Real Imag', [float(['b', 8]), float(['b', 8])], (x: tf.Tensor, y: tf.Tensor) => {
    const z = tf.spectral.fft(tf.complex(x, y));
    return { real: tf.real(z), imag: tf.imag(z) };
  }),
  traces('ifft', 'IFFT', [float(['b', 8]), float(['b', 8])], (x: tf.Tensor, y: tf.Tensor) =>
    tf.real(tf.spectral.ifft(tf.complex(x, y))),
  ),
  traces('complex numbers as a result', 'Complex', [float(['n']), float(['n'])], (x: tf.Tensor, y: tf.Tensor) =>
    tf.complex(x, y),
  ),
  traces('abs of complex numbers', 'ComplexAbs', [float(['b', 8]), float(['b', 8])], (x: tf.Tensor, y: tf.Tensor) =>
    tf.abs(tf.complex(x, y)),
  ),
  traces('rfft', '', [float([null, 8])], (x: tf.Tensor) => tf.abs(tf.spectral.rfft(x))),
  traces('rfft of an unknown length', '', [float([null, null])], (x: tf.Tensor) => tf.abs(tf.spectral.rfft(x))),
  traces('irfft', '', [float([null, 8])], (x: tf.Tensor) => tf.spectral.irfft(tf.spectral.rfft(x))),
  traces('stft', '', [float([32])], (x: tf.Tensor1D) => tf.abs(tf.signal.stft(x, 8, 4))),
  traces(
    'half of a size, rounded',
    '',
    [float([null, null])],
    (x: tf.Tensor2D) => ({
      down: tf.ones([Math.floor(x.shape[1] / 2)]),
      up: tf.ones([Math.ceil(x.shape[1] / 2)]),
      even: tf.ones([2 * Math.floor(x.shape[1] / 2)]),
      third: tf.ones([Math.round(x.shape[1] / 3)]),
    }),
    {
      sizes: [
        [4, 8],
        [3, 9],
        [2, 2],
        [5, 3],
      ],
    },
  ),
  traces('one by the root of a size', '', [float([null, null])], (x: tf.Tensor2D) => ({
    divided: tf.div(x, Math.sqrt(x.shape[1])),
    times: tf.mul(x, 1 / Math.sqrt(x.shape[1])),
  })),
  traces('a vector of sizes as floats', '', [float([null, null])], (x: tf.Tensor2D) =>
    tf.mul(tf.tensor1d([x.shape[0], 1 / x.shape[1], 3]), tf.sum(x)),
  ),
  traces('a matrix of sizes', '', [float([null, null])], (x: tf.Tensor2D) =>
    tf.mul(
      tf.tensor2d([
        [x.shape[0], 1],
        [0, x.shape[1] + 2],
      ]),
      tf.sum(x),
    ),
  ),
];
