import * as tf from '../../../src/tensorflow/tf.js';
import { bool, type CoverageCase, float, int, traces } from './coverage-case.js';

/** A method of `tf` by its name. */
const method = (name: string) => (tf as unknown as Record<string, (...args: tf.Tensor[]) => tf.Tensor>)[name];

/** [function of TF.js, kernel, range, whether it has a gradient] */
const unary: readonly (readonly [string, string, number, number, boolean])[] = [
  ['abs', 'Abs', -1, 1, true],
  ['acos', 'Acos', -0.9, 0.9, true],
  ['acosh', 'Acosh', 1.1, 3, true],
  ['asin', 'Asin', -0.9, 0.9, true],
  ['asinh', 'Asinh', -2, 2, true],
  ['atan', 'Atan', -2, 2, true],
  ['atanh', 'Atanh', -0.9, 0.9, true],
  ['ceil', 'Ceil', -3, 3, true],
  ['cos', 'Cos', -3, 3, true],
  ['cosh', 'Cosh', -2, 2, true],
  ['elu', 'Elu EluGrad', -2, 2, true],
  ['erf', 'Erf', -2, 2, true],
  ['exp', 'Exp', -2, 2, true],
  ['expm1', 'Expm1', -2, 2, true],
  ['floor', 'Floor', -3, 3, true],
  ['isFinite', 'IsFinite', -1, 1, true],
  ['isInf', 'IsInf', -1, 1, true],
  ['isNaN', 'IsNan', -1, 1, true],
  ['leakyRelu', 'LeakyRelu', -1, 1, true],
  ['log', 'Log', 0.1, 3, true],
  ['log1p', 'Log1p', -0.5, 3, true],
  ['logSigmoid', '', -3, 3, true],
  ['neg', 'Neg', -1, 1, true],
  ['onesLike', 'OnesLike', -1, 1, true],
  ['reciprocal', 'Reciprocal', 0.5, 2, true],
  ['relu', 'Relu', -1, 1, true],
  ['relu6', 'Relu6', -2, 8, true],
  ['round', 'Round', -3, 3, true],
  ['rsqrt', 'Rsqrt', 0.2, 3, true],
  ['selu', 'Selu', -2, 2, true],
  ['sigmoid', 'Sigmoid', -3, 3, true],
  ['sign', 'Sign', -1, 1, true],
  ['sin', 'Sin', -3, 3, true],
  ['sinh', 'Sinh', -2, 2, true],
  ['softplus', 'Softplus', -3, 3, true],
  ['sqrt', 'Sqrt', 0.1, 3, true],
  ['square', 'Square', -2, 2, true],
  ['step', 'Step', -1, 1, true],
  ['tan', 'Tan', -1, 1, true],
  ['tanh', 'Tanh', -2, 2, true],
  ['zerosLike', 'ZerosLike', -1, 1, true],
];

/** [function of TF.js, kernel, range of both, whether it has a gradient] */
const binary: readonly (readonly [string, string, number, number, boolean])[] = [
  ['add', 'Add', -1, 1, true],
  ['atan2', 'Atan2', 0.5, 2, true],
  ['div', 'RealDiv', 0.5, 2, true],
  ['divNoNan', '', 0.5, 2, false],
  ['floorDiv', 'FloorDiv', 0.5, 5, true],
  ['maximum', 'Maximum', -1, 1, true],
  ['minimum', 'Minimum', -1, 1, true],
  ['mod', 'Mod', 0.5, 3, true],
  ['mul', 'Multiply', -1, 1, true],
  ['pow', 'Pow', 0.5, 2, true],
  ['squaredDifference', 'SquaredDifference', -1, 1, true],
  ['sub', 'Sub', -1, 1, true],
  ['prelu', 'Prelu', -1, 1, true],
];

const comparisons: readonly (readonly [string, string])[] = [
  ['equal', 'Equal'],
  ['greater', 'Greater'],
  ['greaterEqual', 'GreaterEqual'],
  ['less', 'Less'],
  ['lessEqual', 'LessEqual'],
  ['notEqual', 'NotEqual'],
];

const shape = [null, null, null, 3];

const unaryCases = unary.map(([name, kernels, low, high, gradient]) =>
  traces(name, kernels, [float(shape, low, high)], (x: tf.Tensor) => method(name)?.(x) ?? x, { gradient }),
);

/** Operands of the same sizes, and every way in which one is broadcast to the other. */
const binaryCases = binary.flatMap(([name, kernels, low, high, gradient]) => {
  const fn = (a: tf.Tensor, b: tf.Tensor) => method(name)?.(a, b) ?? a;
  const operands = (left: readonly (string | number | null)[], right: readonly (string | number | null)[]) => [
    float(left, low, high),
    float(right, low, high),
  ];
  // TF.js: "The gradient of input 'b' has shape '4,3', which does not match the shape of the input '3'".
  const broadcast = gradient && !['maximum', 'minimum', 'squaredDifference'].includes(name);
  const cases = [
    traces(`${name} of equal shapes`, kernels, operands(['b', 'n'], ['b', 'n']), fn, { gradient }),
    traces(`${name} with a vector`, kernels, operands([null, 3], [3]), fn, { gradient: broadcast }),
    traces(`${name} with an unknown vector`, kernels, operands([null, 'n'], ['n']), fn, { gradient: broadcast }),
    traces(`${name} with a column`, kernels, operands(['b', null], ['b', 1]), fn, { gradient: broadcast }),
    traces(`${name} with a scalar`, kernels, operands([null, null], []), fn, { gradient: broadcast }),
  ];
  // The slopes of prelu are broadcast to x, never x to them.
  if (name === 'prelu') return cases;
  return [
    ...cases,
    traces(`${name} of a row and a column`, kernels, operands([1, null], [null, 1]), fn, { gradient: broadcast }),
    traces(`${name} of a vector and a matrix`, kernels, operands(['n'], [null, 'n']), fn, { gradient: broadcast }),
  ];
});

const comparisonCases = comparisons.flatMap(([name, kernel]) => {
  const fn = (a: tf.Tensor, b: tf.Tensor) => method(name)?.(a, b) ?? a;
  return [
    traces(`${name} of floats`, kernel, [float([null, 'n']), float(['n'])], fn, { gradient: name === 'greaterEqual' }),
    traces(`${name} of ints`, kernel, [int([null, null], 0, 3), int([], 0, 3)], fn),
  ];
});

export const elementwiseCases: readonly CoverageCase[] = [
  ...unaryCases,
  ...binaryCases,
  ...comparisonCases,
  traces('arithmetic of ints', 'Add Multiply Sub', [int([null, 'n']), int(['n'])], (a: tf.Tensor, b: tf.Tensor) =>
    tf.sub(tf.mul(tf.add(a, b), 3), b),
  ),
  traces('division of ints', 'FloorDiv Mod', [int([null, 'n'], 1), int(['n'], 1)], (a: tf.Tensor, b: tf.Tensor) => ({
    floor: tf.floorDiv(a, b),
    quotient: tf.div(a, b),
    remainder: tf.mod(a, b),
  })),
  traces('abs and neg of ints', 'Abs Neg', [int([null, null], -5, 5)], (x: tf.Tensor) => tf.neg(tf.abs(x))),
  traces(
    'addN',
    'AddN',
    [float(['a', 'b']), float(['a', 'b']), float(['a', 'b'])],
    (...all: tf.Tensor[]) => tf.addN(all),
    { gradient: true },
  ),
  traces('logicalAnd', 'LogicalAnd', [bool(['a', 'b']), bool(['b'])], (a: tf.Tensor, b: tf.Tensor) =>
    tf.logicalAnd(a, b),
  ),
  traces('logicalOr', 'LogicalOr', [bool(['a', 'b']), bool(['b'])], (a: tf.Tensor, b: tf.Tensor) => tf.logicalOr(a, b)),
  traces('logicalXor', '', [bool(['a', 'b']), bool(['b'])], (a: tf.Tensor, b: tf.Tensor) => tf.logicalXor(a, b)),
  traces('logicalNot', 'LogicalNot', [bool([null, null])], (x: tf.Tensor) => tf.logicalNot(x)),
  traces('bool to float and back', 'Cast', [bool([null, null])], (x: tf.Tensor) =>
    tf.cast(tf.cast(x, 'float32'), 'bool'),
  ),
  traces('float to int', 'Cast', [float([null, null], -3, 3)], (x: tf.Tensor) => tf.cast(x, 'int32'), {
    gradient: true,
  }),
  traces('cast of what has that type', 'Identity', [float([null, null])], (x: tf.Tensor) => tf.cast(x, 'float32'), {
    gradient: true,
  }),
  traces('clipByValue', 'ClipByValue', [float([null, null])], (x: tf.Tensor) => tf.clipByValue(x, -0.3, 0.4), {
    gradient: true,
  }),
  traces('clone', 'Identity', [float([null, null])], (x: tf.Tensor) => tf.clone(x), { gradient: true }),
  traces(
    'where',
    'Select',
    [bool(['a', 'b']), float(['a', 'b']), float(['a', 'b'])],
    (c: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.where(c, a, b),
    { gradient: [1, 2] },
  ),
  traces(
    'where with broadcasting',
    'Select Tile',
    [bool(['a', 1]), float(['a', 'b']), float([])],
    (c: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.where(c, a, b),
    { gradient: [1, 2] },
  ),
  traces(
    'prelu of an image',
    'Prelu',
    [float([null, null, null, 3]), float([3])],
    (x: tf.Tensor, alpha: tf.Tensor) => tf.prelu(x, alpha),
    { gradient: true },
  ),
  traces('leakyRelu of 0.1', 'LeakyRelu', [float([null, 3])], (x: tf.Tensor) => tf.leakyRelu(x, 0.1), {
    gradient: true,
  }),
  traces('step with a slope', 'Step', [float([null, 3])], (x: tf.Tensor) => tf.step(x, 0.1)),
];
