import { createRandom } from '../../../src/data/dataset/random.js';
import { CompiledFunctions } from '../../../src/saved-model/run/compile.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { AdamW } from '../../../src/training/optimizers/adam-w.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import type { Optimizer } from '../../../src/training/optimizers/optimizer.js';
import { RMSprop } from '../../../src/training/optimizers/rmsprop.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import { CosineDecay } from '../../../src/training/schedules/cosine-decay.js';
import { ExponentialDecay } from '../../../src/training/schedules/exponential-decay.js';
import { PiecewiseConstantDecay } from '../../../src/training/schedules/piecewise-constant-decay.js';

/** An optimizer, and the same one in Python: the text after `keras.optimizers.`. */
export type OptimizerCase = readonly [python: string, make: () => Optimizer];

/** Every option of every optimizer. */
export const optimizerCases: readonly OptimizerCase[] = [
  ['SGD()', () => new SGD()],
  ['SGD(0.1, momentum=0.9)', () => new SGD({ learningRate: 0.1, momentum: 0.9 })],
  ['SGD(0.1, momentum=0.9, nesterov=True)', () => new SGD({ learningRate: 0.1, momentum: 0.9, nesterov: true })],
  ['SGD(0.1, weight_decay=0.1)', () => new SGD({ learningRate: 0.1, weightDecay: 0.1 })],
  ['Adam()', () => new Adam()],
  [
    'Adam(0.01, beta_1=0.8, beta_2=0.9, epsilon=1e-3)',
    () => new Adam({ learningRate: 0.01, beta1: 0.8, beta2: 0.9, epsilon: 1e-3 }),
  ],
  ['Adam(0.01, amsgrad=True)', () => new Adam({ learningRate: 0.01, amsgrad: true })],
  ['AdamW()', () => new AdamW()],
  ['AdamW(0.01, weight_decay=0.1)', () => new AdamW({ learningRate: 0.01, weightDecay: 0.1 })],
  ['RMSprop()', () => new RMSprop()],
  ['RMSprop(0.01, rho=0.8, momentum=0.5)', () => new RMSprop({ learningRate: 0.01, rho: 0.8, momentum: 0.5 })],
  [
    'RMSprop(0.01, centered=True, epsilon=1e-3)',
    () => new RMSprop({ learningRate: 0.01, centered: true, epsilon: 1e-3 }),
  ],
  [
    'RMSprop(0.01, momentum=0.5, centered=True, epsilon=1e-3)',
    () => new RMSprop({ learningRate: 0.01, momentum: 0.5, centered: true, epsilon: 1e-3 }),
  ],
  ['SGD(0.1, clipnorm=1.0)', () => new SGD({ learningRate: 0.1, clipnorm: 1 })],
  ['SGD(0.1, global_clipnorm=1.0)', () => new SGD({ learningRate: 0.1, globalClipnorm: 1 })],
  ['SGD(0.1, clipvalue=0.3)', () => new SGD({ learningRate: 0.1, clipvalue: 0.3 })],
  ['SGD(0.1, gradient_accumulation_steps=3)', () => new SGD({ learningRate: 0.1, gradientAccumulationSteps: 3 })],
  [
    'AdamW(0.01, gradient_accumulation_steps=4, global_clipnorm=0.5)',
    () => new AdamW({ learningRate: 0.01, gradientAccumulationSteps: 4, globalClipnorm: 0.5 }),
  ],
  [
    'SGD(keras.optimizers.schedules.CosineDecay(0.1, 10, alpha=0.1))',
    () => new SGD({ learningRate: new CosineDecay({ initialLearningRate: 0.1, decaySteps: 10, alpha: 0.1 }) }),
  ],
  [
    'SGD(keras.optimizers.schedules.CosineDecay(0.01, 10, warmup_target=0.1, warmup_steps=4))',
    () =>
      new SGD({
        learningRate: new CosineDecay({ initialLearningRate: 0.01, decaySteps: 10, warmupTarget: 0.1, warmupSteps: 4 }),
      }),
  ],
  [
    'SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5))',
    () => new SGD({ learningRate: new ExponentialDecay({ initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5 }) }),
  ],
  [
    'SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5, staircase=True))',
    () =>
      new SGD({
        learningRate: new ExponentialDecay({
          initialLearningRate: 0.1,
          decaySteps: 5,
          decayRate: 0.5,
          staircase: true,
        }),
      }),
  ],
  [
    'Adam(keras.optimizers.schedules.PiecewiseConstantDecay([5, 10], [0.1, 0.05, 0.01]))',
    () => new Adam({ learningRate: new PiecewiseConstantDecay([5, 10], [0.1, 0.05, 0.01]) }),
  ],
  [
    'Adam(keras.optimizers.schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01]), gradient_accumulation_steps=2)',
    () =>
      new Adam({ learningRate: new PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01]), gradientAccumulationSteps: 2 }),
  ],
];

/** Two variables, a matrix and a vector, and the gradients of 20 steps, some of them large. */
export function startAndGradients(): { readonly start: number[][]; readonly gradients: number[][][] } {
  const random = createRandom(7);
  const values = (count: number, scale: number) => Array.from({ length: count }, () => scale * (2 * random() - 1));
  const both = (scale: number) => sizes.map((size) => values(size, scale));
  return { start: both(1), gradients: Array.from({ length: 20 }, (_, step) => both(step % 5 === 0 ? 3 : 0.5)) };
}

const shapes: readonly number[][] = [[3, 4], [4]];
const sizes = shapes.map((shape) => tf.util.sizeFromShape(shape));

/** The weights after each step, run op by op. */
export function stepEagerly(optimizer: Optimizer): number[][] {
  const { start, gradients } = startAndGradients();
  const variables = tf.tidy(() => start.map((values, i) => tf.variable(tf.tensor(values, shapes[i]))));
  const weights = gradients.map((step) => {
    tf.tidy(() => {
      const tensors = step.map((values, i) => tf.tensor(values, shapes[i]));
      optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: tensors[i] ?? tf.scalar(0) })));
    });
    return variables.flatMap((variable) => Array.from(variable.dataSync()));
  });
  tf.dispose(variables);
  return weights;
}

/** The weights after each step, run as a compiled graph. */
export async function stepCompiled(optimizer: Optimizer): Promise<number[][]> {
  const { start, gradients } = startAndGradients();
  const variables = tf.tidy(() => start.map((values, i) => tf.variable(tf.tensor(values, shapes[i]))));
  const step = tfFunction(
    (matrix: tf.Tensor, vector: tf.Tensor) => {
      const tensors = [matrix, vector];
      optimizer.applyGradients(variables.map(({ name }, i) => ({ name, tensor: tensors[i] ?? matrix })));
      return { matrix: variables[0] ?? matrix, vector: variables[1] ?? vector };
    },
    { inputSignature: { g: tensorSpec('float32', [3, 4]), h: tensorSpec('float32', [4]) } },
  );
  const compiled = await CompiledFunctions.compile({ step: step.getConcreteFunction() });
  const weights = gradients.map((values) => {
    const tensors = values.map((each, i) => tf.tensor(each, shapes[i]));
    const results = compiled.call('step', tensors);
    const after = ['matrix', 'vector'].flatMap((name) => Array.from(results[name]?.dataSync() ?? []));
    tf.dispose([tensors, results]);
    return after;
  });
  compiled.dispose();
  tf.dispose(variables);
  return weights;
}

/** The largest difference between two runs, in any step. */
export function largestDifference(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  if (a.length !== b.length || a.some((step, i) => step.length !== b[i]?.length)) return Infinity;
  const differences = a.flatMap((step, i) => step.map((value, j) => Math.abs(value - (b[i]?.[j] ?? NaN))));
  return differences.some(Number.isNaN) ? NaN : Math.max(...differences);
}
