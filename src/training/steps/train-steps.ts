import { CompiledFunctions } from '../../saved-model/run/compile.js';
import type { Precision } from '../../tensorflow/precision.js';
import * as tf from '../../tensorflow/tf.js';
import { variablesOf } from '../../tensorflow/layer-weights.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { recomputeActivations } from '../../tracing/recompute-activations.js';
import { type Dimension, type TensorSpec, tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { labelSizesOf, type Step, type Steps, testStepOf, withAverages, withInput } from '../tfjs-step.js';
import { AveragedWeights } from './averaged-weights.js';
import { augmented, augmentingStep } from './augmenting-step.js';
import { type ChosenStep, chooseStep, type StepChoice } from './choose-step.js';
import { stepThreads } from './step-threads.js';
import { mixSignature, trainingStep, type TrainingStepOptions } from './training-step.js';

/** Options of `TrainSteps`. */
export interface TrainStepsOptions extends TrainingStepOptions, StepChoice {
  /** Tensor of the model that the steps take instead of its inputs. Default: they take the inputs. */
  readonly from?: tf.SymbolicTensor | undefined;
  /** Whether the backward pass computes activations again rather than keep them; XLA has no part in it. Default: false. */
  readonly recompute?: boolean | undefined;
  /** Numbers that the steps compute with; in bfloat16 they do not use XLA. Default: `float32`. */
  readonly precision?: Precision | undefined;
}

/**
 * The training and test step of a compiled model (`model.compile`) as graphs in one session, where the weights and the
 * optimizer's variables live.
 *
 * The traced step is exactly the one that TF.js would run op by op, so every loss, metric and optimizer keeps its meaning.
 */
export class TrainSteps implements Steps {
  readonly #train: ChosenStep;

  private constructor(
    private readonly compiled: CompiledFunctions,
    options: TrainStepsOptions,
  ) {
    const [graph, xla] = ['train', 'train_xla'].map((name) => (data: tf.Tensor[]) => this.#run(name, data));
    if (!graph || !xla) throw new Error('unreachable: there are two');
    const chosen = chooseStep({ graph, xla }, options);
    const augment = (data: tf.Tensor[]) => this.#run('augment', data);
    // A separate graph, whose results stay inside TensorFlow: XLA has no op that rotates images.
    this.#train = options.augmentation ? { ...chosen, run: augmented(augment, chosen.run) } : chosen;
  }

  /** @throws SignetError `NOT_TRACEABLE`; then the model is unchanged. */
  static async compile(model: tf.LayersModel, options: TrainStepsOptions): Promise<TrainSteps> {
    const { from, precision } = options;
    const before = new Set(Object.keys(tf.engine().registeredVariables));
    try {
      buildOptimizer(model);
      const functions = from ? withInput(model, from, () => traceSteps(model, options)) : traceSteps(model, options);
      const compiled = await CompiledFunctions.compile(functions, {
        intraOpThreads: stepThreads(model, from),
        precision,
      });
      return new TrainSteps(compiled, options);
    } catch (error) {
      for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) {
        if (!before.has(name)) variable.dispose();
      }
      throw error;
    }
  }

  readonly train: Step = (data) => this.#train.run(data);

  readonly test: Step = (data) => this.#run('test', data);

  /** Copies the weights and the optimizer's variables to TF.js, and values assigned there to the session. */
  readVariables(): void {
    this.compiled.writeChangedVariables();
    this.compiled.readVariables();
  }

  /** Returns how steps are run, for a training that is resumed. */
  saveState(): unknown {
    return this.#train.saveState();
  }

  /** @param state From a file. */
  restoreState(state: unknown): void {
    this.#train.restoreState(state);
  }

  dispose(): void {
    this.compiled.dispose();
  }

  #run(name: string, data: tf.Tensor[]): tf.Scalar[] {
    this.compiled.writeChangedVariables();
    return Object.values(this.compiled.call(name, data)) as tf.Scalar[];
  }
}

/** Traces the steps of a model as it is now. */
function traceSteps(model: tf.LayersModel, options: TrainStepsOptions): Record<string, ConcreteFunction> {
  const { augmentation, jit, recompute = false } = options;
  const signature = stepSignature(model);
  const graphOf = (name: string, step: (data: tf.Tensor[]) => tf.Tensor[], inputSignature = signature) =>
    tfFunction((...data: tf.Tensor[]) => named(step(data)), { inputSignature, name }).getConcreteFunction();
  const trainSignature = { ...signature, ...(augmentation?.mixes === true && mixSignature(model)) };
  const traced = graphOf('train', trainingStep(model, options), trainSignature);
  const train = recompute ? recomputeActivations(traced, lossOutput) : traced;
  const test = withAverages(model, () => graphOf('test', testStepOf(model)));
  const functions: Record<string, ConcreteFunction> = { train, test };
  if (augmentation) functions.augment = graphOf('augment', augmentingStep(model, augmentation));
  if (jit !== 'graph') functions.train_xla = train.jitCompiled();
  return functions;
}

/** Makes the slots, so that tracing does not have to take a step for it and record it twice. TF.js's own optimizers can only make them in a step. */
function buildOptimizer(model: tf.LayersModel): void {
  const optimizer = model.optimizer as unknown;
  if (!(optimizer instanceof Optimizer)) return;
  optimizer.build(variablesOf(model.trainableWeights));
}

/** Makes steps that run op by op, with weights for classes and augmentation. */
export function eagerSteps(model: tf.LayersModel, options: TrainingStepOptions): Steps {
  const step = trainingStep(model, options);
  const train = options.augmentation ? augmented(augmentingStep(model, options.augmentation), step) : step;
  if (!AveragedWeights.of(model)) return { train, test: null };
  const test = testStepOf(model);
  return { train, test: (data) => withAverages(model, () => test(data)) };
}

/** The loss among the results that `named` names: a step returns it first. */
const lossOutput = 'value_000';

/** Names results so that sorting by name keeps their order. The step has `tf.keep` on its metrics: clones stay, the originals go. */
export function named(values: tf.Tensor[]): Record<string, tf.Tensor> {
  const entries = values.map((value, i) => [`value_${String(i).padStart(3, '0')}`, tf.clone(value)] as const);
  values.forEach((value) => value.dispose());
  return Object.fromEntries(entries);
}

/** Describes the model's inputs and integer labels, which share one batch size; see `labelSizesOf`. */
export function stepSignature(model: tf.LayersModel): Record<string, TensorSpec> {
  const shapeOf = (shape: readonly (number | null)[]): Dimension[] => ['batch', ...shape.slice(1)];
  const inputs = model.inputs.map(({ shape }, i) => [`x_${i}`, tensorSpec('float32', shapeOf(shape))] as const);
  const targets = model.outputs.map(
    (_, i) => [`y_${i}`, tensorSpec('int32', ['batch', ...labelSizesOf(model, i)])] as const,
  );
  return Object.fromEntries([...inputs, ...targets]);
}
