import { CompiledFunctions } from '../../saved-model/run/compile.js';
import * as tf from '../../tensorflow/tf.js';
import { variablesOf } from '../../tensorflow/variables-of.js';
import type { ConcreteFunction } from '../../tracing/concrete-function.js';
import { type Dimension, type TensorSpec, tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';
import { augmented, augmentingStep } from './augmenting-step.js';
import { type ChosenStep, chooseStep } from './choose-step.js';
import { Optimizer } from '../optimizers/optimizer.js';
import { stepThreads } from './step-threads.js';
import {
  eagerTestStep,
  mixSignature,
  type Step,
  type StepMaker,
  trainingStep,
  type TrainingStepOptions,
} from './training-step.js';

/**
 * How a step is run: `graph`, as one graph; `xla`, compiled by XLA too; `auto`, as a graph unless the training is long and XLA is
 * measured to be faster; `off`, op by op, as TF.js does.
 */
export const jits = ['auto', 'graph', 'xla', 'off'] as const;
export type Jit = (typeof jits)[number];

export interface TrainStepsOptions extends TrainingStepOptions {
  readonly jit: Exclude<Jit, 'off'>;
  /** How many steps the training has at most. Default: unknown. */
  readonly steps?: number | undefined;
  /** Told what `auto` chose, and why `xla` could not be done. */
  readonly onNote: (note: string) => void;
}

/**
 * The training and test step of a compiled model (`model.compile`) as graphs in one session, where the weights and the
 * optimizer's variables live.
 *
 * What is traced is the very step that TF.js would run op by op: any loss, metric and optimizer keeps its meaning.
 */
export class TrainSteps {
  readonly #train: ChosenStep;

  private constructor(
    private readonly model: tf.LayersModel,
    private readonly compiled: CompiledFunctions,
    options: TrainStepsOptions,
  ) {
    const [graph, xla] = ['train', 'train_xla'].map((name) => (data: tf.Tensor[]) => this.#run(name, data));
    if (!graph || !xla) throw new Error('unreachable: there are two');
    const chosen = chooseStep({ graph, xla }, options);
    const augment = (data: tf.Tensor[]) => this.#run('augment', data);
    // A graph of its own, whose results stay inside of TensorFlow: XLA knows no op that rotates images.
    this.#train = options.augmentation ? { ...chosen, run: augmented(augment, chosen.run) } : chosen;
  }

  /** @throws SignetError `NOT_TRACEABLE`; the model is as it was. */
  static async compile(model: tf.LayersModel, options: TrainStepsOptions): Promise<TrainSteps> {
    const { augmentation } = options;
    const signature = stepSignature(model);
    const graphOf = (name: string, step: (data: tf.Tensor[]) => tf.Tensor[], inputSignature = signature) =>
      tfFunction((...data: tf.Tensor[]) => named(step(data)), { inputSignature, name }).getConcreteFunction();
    const before = new Set(Object.keys(tf.engine().registeredVariables));
    try {
      buildOptimizer(model);
      const trainSignature = { ...signature, ...(augmentation?.mixes === true && mixSignature) };
      const train = graphOf('train', trainingStep(model, options), trainSignature);
      const functions: Record<string, ConcreteFunction> = { train, test: graphOf('test', eagerTestStep(model)) };
      if (augmentation) functions.augment = graphOf('augment', augmentingStep(model, augmentation));
      if (options.jit !== 'graph') functions.train_xla = train.jitCompiled();
      const compiled = await CompiledFunctions.compile(functions, { intraOpThreads: stepThreads(model) });
      return new TrainSteps(model, compiled, options);
    } catch (error) {
      for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) {
        if (!before.has(name)) variable.dispose();
      }
      throw error;
    }
  }

  /** Makes the model's own `fitDataset` take these steps. @returns Undoes it. */
  install(): () => void {
    const maker = this.model as unknown as StepMaker;
    Object.assign(this.model, {
      makeTrainFunction: (): Step => (data) => this.#train.run(data),
      makeTestFunction: () => {
        maker.testFunction = (data) => this.#run('test', data);
        return maker.testFunction;
      },
    });
    return () => {
      Reflect.deleteProperty(this.model, 'makeTrainFunction');
      Reflect.deleteProperty(this.model, 'makeTestFunction');
      maker.testFunction = undefined;
    };
  }

  /** Brings the weights and the optimizer's variables to TF.js, and what was assigned there to the session. */
  readVariables(): void {
    this.compiled.writeChangedVariables();
    this.compiled.readVariables();
  }

  /** How steps are run, for a training that goes on. */
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

/** Tracing would make the slots by taking a step, which it would have to record once more. TF.js's own optimizers know no other way. */
function buildOptimizer(model: tf.LayersModel): void {
  const optimizer = model.optimizer as unknown;
  if (!(optimizer instanceof Optimizer)) return;
  optimizer.build(variablesOf(model.trainableWeights));
}

/** Makes a model train op by op, with weights for its classes. @returns Undoes it. */
export function installEagerStep(model: tf.LayersModel, options: TrainingStepOptions): () => void {
  const step = trainingStep(model, options);
  const train = options.augmentation ? augmented(augmentingStep(model, options.augmentation), step) : step;
  Object.assign(model, { makeTrainFunction: () => train });
  return () => void Reflect.deleteProperty(model, 'makeTrainFunction');
}

/** Results in an order that sorting by name keeps. The step has `tf.keep` on its metrics: clones are left, those go. */
export function named(values: tf.Tensor[]): Record<string, tf.Tensor> {
  const entries = values.map((value, i) => [`value_${String(i).padStart(3, '0')}`, tf.clone(value)] as const);
  values.forEach((value) => value.dispose());
  return Object.fromEntries(entries);
}

/** Inputs as the model has them; integer labels with one batch size in common. */
export function stepSignature(model: tf.LayersModel): Record<string, TensorSpec> {
  const shapeOf = (shape: readonly (number | null)[]): Dimension[] => ['batch', ...shape.slice(1)];
  const inputs = model.inputs.map(({ shape }, i) => [`x_${i}`, tensorSpec('float32', shapeOf(shape))] as const);
  const targets = model.outputs.map((_, i) => [`y_${i}`, tensorSpec('int32', ['batch'])] as const);
  return Object.fromEntries([...inputs, ...targets]);
}
