import { SignetError } from '../errors.js';
import { mulNoNan } from '../ops/mul-no-nan.js';
import * as tf from '../tensorflow/tf.js';
import { variablesOf, weightsInOrder } from '../tensorflow/layer-weights.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import { recomputeActivations } from '../tracing/recompute-activations.js';
import { type Dimension, tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { trainedOptimizer } from '../training/callbacks/callback.js';
import type { Optimizer } from '../training/optimizers/optimizer.js';
import type { TrainingStepOptions } from '../training/steps/training-step.js';
import { labelSizesOf, testStepOf } from '../training/tfjs-step.js';
import { type Change, SplitStep } from './split-step.js';

/** A training step in two halves, between which the results of several machines are added up, and a test step. */
export interface TrainingFunctions {
  readonly functions: {
    /**
     * Takes `images` float32 [n, ...], `labels` int32 [n], or [n, classes] where an image may have several, and `random_step` int32 scalar, by which
     * layers draw at random. Returns sums over the images, all float32: the scalars `loss_sum`, `correct` and `count`; `grad_000` and so on, of the
     * shapes of the weights that are trained; `update_000` and so on, the changes of weights that are not trained, such as moving averages. Assigns
     * nothing; without images all sums are 0.
     */
    readonly compute_gradients: ConcreteFunction;
    /** Takes the step with `count`, `grad_000...` and `update_000...`, each added up. Returns `iterations`, int32 scalar, the number of steps so far. */
    readonly apply_gradients: ConcreteFunction;
    /** Takes `images` and `labels`. Returns `loss_sum`, `correct` and `count` as `compute_gradients`, of the model as it serves. */
    readonly test_step: ConcreteFunction;
  };
  /** All weights of the model, in its order. */
  readonly weights: readonly tf.Variable[];
  /** The optimizer's whole state, in its order. */
  readonly slots: readonly tf.Variable[];
}

/** Options of `trainingFunctions`. */
export interface TrainingFunctionsOptions extends TrainingStepOptions {
  /** Whether the backward pass computes activations again rather than keep them; see `recomputeActivations`. */
  readonly recompute: boolean;
}

/**
 * Traces the training and test step of a compiled model as functions of sums, for training on several machines.
 *
 * It is TF.js's own step, as `fit` traces it, except that it returns what it would hand to its optimizer. A mean over `n` images times `n` is
 * their sum, apart from the rounding of one multiplication. Where regularizers were added, the sum over all machines divided by the count of
 * all is right as well.
 *
 * @param model One input, one output, `metrics: [accuracy]`, an optimizer of Signet.
 * @throws SignetError `INVALID_ARGUMENT` for another, `NOT_TRACEABLE`.
 */
export function trainingFunctions(
  model: tf.LayersModel,
  { classWeight = {}, augmentation = null, recompute = false }: Partial<TrainingFunctionsOptions> = {},
): TrainingFunctions {
  const optimizer = trainedOptimizer(model, 'Training on several machines');
  checkModel(model);
  const weights = variablesOf(weightsInOrder(model));
  const trained = variablesOf(model.trainableWeights);
  optimizer.build(trained);
  const others = weights.filter((weight) => !trained.includes(weight));
  const split = computeGradients(model, new SplitStep(model, optimizer, others, { classWeight, augmentation }));
  const functions = {
    compute_gradients: recompute ? recomputeActivations(split.graph, 'loss_sum') : split.graph,
    apply_gradients: applyGradients(optimizer, split),
    test_step: testStep(model),
  };
  return { functions, weights, slots: optimizer.variables.map(({ variable }) => variable) };
}

/** The first half of a step, with the variables that its sums are for. */
interface TracedGradients {
  readonly graph: ConcreteFunction;
  /** Weights with a gradient, in the order of `grad_000`. */
  readonly trained: readonly tf.Variable[];
  /** Weights that the step assigns itself, in the order of `update_000`. */
  readonly updated: readonly tf.Variable[];
}

function computeGradients(model: tf.LayersModel, step: SplitStep): TracedGradients {
  // Which weights have a gradient is known only after the step has run; every trace finds the same ones.
  let found: Omit<TracedGradients, 'graph'> = { trained: [], updated: [] };
  const compute = (images: tf.Tensor, labels: tf.Tensor, randomStep: tf.Tensor) => {
    const { values, gradients, updates } = step.run(images, labels, randomStep);
    found = { trained: gradients.map(({ variable }) => variable), updated: updates.map(({ variable }) => variable) };
    const count = countOf(labels);
    const summed = (changes: readonly Change[]) => changes.map(({ mean }) => mulNoNan(mean, count));
    return {
      ...sums(model, values, count),
      ...numbered('grad', summed(gradients)),
      ...numbered('update', summed(updates)),
    };
  };
  const inputSignature = { ...dataSignature(model), random_step: tensorSpec('int32', []) };
  const graph = tfFunction(compute, { name: 'compute_gradients', inputSignature }).getConcreteFunction();
  return { graph, ...found };
}

function applyGradients(optimizer: Optimizer, { graph, trained, updated }: TracedGradients): ConcreteFunction {
  const apply = (count: tf.Tensor, ...summed: tf.Tensor[]) => {
    const means = summed.map((sum) => tf.div(sum, count));
    const named = trained.flatMap(({ name }, i) => (means[i] ? [{ name, tensor: means[i] }] : []));
    optimizer.applyGradients(named);
    for (const [i, variable] of updated.entries()) variable.assign(tf.add(variable, means[trained.length + i] ?? 0));
    return { iterations: tf.clone(optimizer.iterationsVariable) };
  };
  const names = graph.outputs.map(({ name }) => name).filter((name) => /^(?:grad|update)_/.test(name));
  const specs = [...trained, ...updated].map(({ shape }, i) => [names[i] ?? '', tensorSpec('float32', shape)] as const);
  const inputSignature = { count: tensorSpec('float32', []), ...Object.fromEntries(specs) };
  return tfFunction(apply, { name: 'apply_gradients', inputSignature }).getConcreteFunction();
}

function testStep(model: tf.LayersModel): ConcreteFunction {
  const step = testStepOf(model);
  return tfFunction((images: tf.Tensor, labels: tf.Tensor) => sums(model, step([images, labels]), countOf(labels)), {
    name: 'test_step',
    inputSignature: dataSignature(model),
  }).getConcreteFunction();
}

/** `loss_sum`, `correct` and `count` from a step's results: the means of the loss and the metrics. */
function sums(model: tf.LayersModel, values: readonly tf.Scalar[], count: tf.Tensor): Record<string, tf.Tensor> {
  const loss = values[0];
  const accuracy = values[model.metricsNames.indexOf('accuracy')];
  if (!loss || !accuracy) throw new Error('unreachable: checkModel looked for accuracy');
  // Whole numbers of answers, of which an image has one, or one for each class: this removes the rounding of mean and product.
  const [answers = 1] = labelSizesOf(model);
  const correct = tf.div(tf.round(mulNoNan(accuracy, tf.mul(count, answers))), answers);
  const all = { loss_sum: mulNoNan(loss, count), correct, count };
  // The step has `tf.keep` on its metrics.
  tf.dispose([...values]);
  return all;
}

/** float32 scalar, also of a batch without images. */
function countOf(labels: tf.Tensor): tf.Tensor {
  const given = tf.cast(labels, 'float32');
  return tf.sum(tf.onesLike(labels.rank === 1 ? given : tf.sum(given, 1)));
}

function numbered(name: string, tensors: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  const digits = Math.max(3, String(tensors.length).length);
  return Object.fromEntries(
    tensors.map((tensor, i) => [`${name}_${String(i).padStart(digits, '0')}`, tensor] as const),
  );
}

function dataSignature(model: tf.LayersModel) {
  const [, ...sizes] = model.inputs[0]?.shape ?? [];
  const shape: Dimension[] = ['batch', ...sizes];
  return { images: tensorSpec('float32', shape), labels: tensorSpec('int32', ['batch', ...labelSizesOf(model)]) };
}

function checkModel(model: tf.LayersModel): void {
  if (model.inputs.length === 1 && model.outputs.length === 1 && model.metricsNames.includes('accuracy')) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    'Training on several machines takes a model with one input and one output, compiled with metrics: [accuracy]. ' +
      `Received: ${model.inputs.length} inputs, ${model.outputs.length} outputs, ${model.metricsNames.join(', ') || 'no metrics'}.`,
  );
}
