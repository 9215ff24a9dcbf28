import { SignetError } from '../errors.js';
import { mulNoNan } from '../ops/mul-no-nan.js';
import * as tf from '../tensorflow/tf.js';
import { weightsInOrder } from '../tensorflow/weights-in-order.js';
import { variablesOf } from '../tensorflow/variables-of.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';
import { type Dimension, tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { trainedOptimizer } from '../training/callbacks/support/trained-optimizer.js';
import { augmented, augmentingStep } from '../training/steps/augmenting-step.js';
import type { Optimizer } from '../training/optimizers/optimizer.js';
import { trainingStep, type TrainingStepOptions } from '../training/steps/training-step.js';
import { type NamedGradient, type Step, testStepOf, withGradients } from '../training/tfjs-step.js';

/** A step in two functions, between which the results of several machines are added up. */
export interface TrainingFunctions {
  readonly functions: {
    /**
     * `images` float32 [n, ...], `labels` int32 [n], `random_step` int32 scalar, by which layers draw at random. Sums over the images, all float32:
     * `loss_sum` and `correct`, scalars; `count`, a scalar; `grad_000` and so on, of the shapes of the weights that are trained; `update_000` and so
     * on, by how much weights move that are not trained, such as moving averages. Nothing is assigned; without images all are 0.
     */
    readonly compute_gradients: ConcreteFunction;
    /** `count`, `grad_000...` and `update_000...`, each added up: takes the step. Gives `iterations`, int32 scalar, how many there have been. */
    readonly apply_gradients: ConcreteFunction;
    /** `images`, `labels`. Gives `loss_sum`, `correct` and `count`, as `compute_gradients`, of the model as it serves. */
    readonly test_step: ConcreteFunction;
  };
  /** The model's, in its order. */
  readonly weights: readonly tf.Variable[];
  /** The optimizer's whole state, in its order. */
  readonly slots: readonly tf.Variable[];
}

/**
 * Traces the training and test step of a compiled model as functions of sums, for whoever trains on several machines.
 *
 * It is TF.js's own step, as `fit` traces it: only what it would hand to its optimizer is given out. A mean over `n` images times `n` is their sum
 * but for the rounding of one multiplication, and where regularizers were added, the sum over all machines by the count of all is right as well.
 *
 * @param model One input, one output, `metrics: [accuracy]`, an optimizer of Signet.
 * @throws SignetError `INVALID_ARGUMENT` for another, `NOT_TRACEABLE`.
 */
export function trainingFunctions(
  model: tf.LayersModel,
  { classWeight = {}, augmentation = null }: Partial<TrainingStepOptions> = {},
): TrainingFunctions {
  const optimizer = trainedOptimizer(model, 'Training on several machines');
  checkModel(model);
  const weights = variablesOf(weightsInOrder(model));
  const trained = variablesOf(model.trainableWeights);
  optimizer.build(trained);
  const step = new SplitStep(
    model,
    optimizer,
    { classWeight, augmentation },
    weights.filter((weight) => !trained.includes(weight)),
  );
  const compute = computeGradients(model, step);
  const functions = {
    compute_gradients: compute,
    apply_gradients: applyGradients(optimizer, compute, step),
    test_step: testStep(model),
  };
  return { functions, weights, slots: optimizer.variables.map(({ variable }) => variable) };
}

/** TF.js's step up to the optimizer. */
class SplitStep {
  /** Weights with a gradient, in the order of `grad_000`. */
  trained: readonly tf.Variable[] = [];
  /** Weights that the step assigns itself, in the order of `update_000`. */
  updated: readonly tf.Variable[] = [];

  constructor(
    private readonly model: tf.LayersModel,
    private readonly optimizer: Optimizer,
    private readonly options: TrainingStepOptions,
    private readonly others: readonly tf.Variable[],
  ) {}

  /** Assigns nothing. */
  run(images: tf.Tensor, labels: tf.Tensor, randomStep: tf.Tensor): Record<string, tf.Tensor> {
    const step = this.#step(randomStep);
    const before = this.others.map((variable) => tf.clone(variable));
    const gradients: tf.Tensor[] = [];
    const values = withGradients(
      this.optimizer,
      (named) => gradients.push(...this.#keep(named)),
      () => step([images, labels]),
    );
    const count = countOf(labels);
    const sum = (mean: tf.Tensor) => mulNoNan(mean, count);
    return {
      ...sums(this.model, values, count),
      ...numbered('grad', gradients.map(sum)),
      ...numbered('update', this.#takeBack(before).map(sum)),
    };
  }

  #step(randomStep: tf.Tensor): Step {
    const { augmentation } = this.options;
    const step = trainingStep(this.model, this.options, randomStep);
    return augmentation ? augmented(augmentingStep(this.model, augmentation, randomStep), step) : step;
  }

  #keep(named: readonly NamedGradient[]): tf.Tensor[] {
    const variables = tf.engine().registeredVariables;
    const found = named.flatMap(({ name, tensor }) => {
      const variable = variables[name];
      return variable && tensor ? [{ variable, gradient: tf.clone(tensor) }] : [];
    });
    this.trained = found.map(({ variable }) => variable);
    return found.map(({ gradient }) => gradient);
  }

  /** Gives what was assigned its value again. @returns By how much it had moved. */
  #takeBack(before: readonly tf.Tensor[]): tf.Tensor[] {
    const moved = this.others.flatMap((variable, i) => {
      const old = before[i];
      return old && old.dataId !== variable.dataId ? [{ variable, old }] : [];
    });
    this.updated = moved.map(({ variable }) => variable);
    return moved.map(({ variable, old }) => {
      const change = tf.sub(variable, old);
      variable.assign(old);
      return change;
    });
  }
}

function computeGradients(model: tf.LayersModel, step: SplitStep): ConcreteFunction {
  return tfFunction(
    (images: tf.Tensor, labels: tf.Tensor, randomStep: tf.Tensor) => step.run(images, labels, randomStep),
    { name: 'compute_gradients', inputSignature: { ...dataSignature(model), random_step: tensorSpec('int32', []) } },
  ).getConcreteFunction();
}

function applyGradients(optimizer: Optimizer, compute: ConcreteFunction, step: SplitStep): ConcreteFunction {
  const names = compute.outputs.map(({ name }) => name).filter((name) => /^(?:grad|update)_/.test(name));
  const [trained, updated] = [step.trained, step.updated];
  const apply = (count: tf.Tensor, ...summed: tf.Tensor[]) => {
    const means = summed.map((sum) => tf.div(sum, count));
    optimizer.applyGradients(
      trained.flatMap(({ name }, i) => {
        const tensor = means[i];
        return tensor ? [{ name, tensor }] : [];
      }),
    );
    for (const [i, variable] of updated.entries()) variable.assign(tf.add(variable, means[trained.length + i] ?? 0));
    return { iterations: tf.clone(optimizer.iterationsVariable) };
  };
  const specs = names.map((name, i) => {
    const { shape } =
      i < trained.length ? (trained[i] ?? { shape: [] }) : (updated[i - trained.length] ?? { shape: [] });
    return [name, tensorSpec('float32', shape)] as const;
  });
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

/** `loss_sum`, `correct` and `count` of what a step gives: the means of the loss and the metrics. */
function sums(model: tf.LayersModel, values: readonly tf.Scalar[], count: tf.Tensor): Record<string, tf.Tensor> {
  const loss = values[0];
  const accuracy = values[model.metricsNames.indexOf('accuracy')];
  if (!loss || !accuracy) throw new Error('unreachable: checkModel looked for accuracy');
  // Whole numbers: the rounding of mean and product goes.
  const all = { loss_sum: mulNoNan(loss, count), correct: tf.round(mulNoNan(accuracy, count)), count };
  // The step has `tf.keep` on its metrics.
  tf.dispose([...values]);
  return all;
}

/** float32 scalar, also of a batch without images. */
function countOf(labels: tf.Tensor): tf.Tensor {
  return tf.sum(tf.onesLike(tf.cast(labels, 'float32')));
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
  return { images: tensorSpec('float32', shape), labels: tensorSpec('int32', ['batch']) };
}

function checkModel(model: tf.LayersModel): void {
  if (model.inputs.length === 1 && model.outputs.length === 1 && model.metricsNames.includes('accuracy')) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    'Training on several machines takes a model with one input and one output, compiled with metrics: [accuracy]. ' +
      `Received: ${model.inputs.length} inputs, ${model.outputs.length} outputs, ${model.metricsNames.join(', ') || 'no metrics'}.`,
  );
}
