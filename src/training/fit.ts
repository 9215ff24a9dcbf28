import { CompiledFunctions } from '../saved-model/compile.js';
import * as tf from '../tensorflow/tf.js';
import { type Dimension, type TensorSpec, tensorSpec } from '../tracing/tensor-spec.js';
import { tfFunction } from '../tracing/tf-function.js';
import { ResumableDataset } from './resumable-dataset.js';
import { setTrainingSession, type TrainingPosition, type TrainingSession } from './training-session.js';

/** What `fit` takes beside the model and its data; as `tf.LayersModel.fitDataset` does. */
export type FitOptions<T extends tf.TensorContainer> = Omit<tf.ModelFitDatasetArgs<T>, 'callbacks'> & {
  /** Called in this order. What they assign, such as the learning rate or the weights, counts from the next step on. */
  readonly callbacks?: readonly tf.Callback[];
};

/** A step as TF.js's training loop calls it: inputs and targets in, loss and metrics out. */
type Step = (data: tf.Tensor[]) => tf.Scalar[];

/** The members of `tf.LayersModel` that make its steps; its typings hide them. */
interface StepMaker {
  makeTrainFunction(): Step;
  makeTestFunction(): void;
  testFunction: Step | undefined;
}

/**
 * Trains a compiled model (`model.compile(...)`) with TF.js's own `fitDataset`, whose steps run as compiled graphs.
 *
 * What is traced is the very step that TF.js would run op by op: any loss, metric and optimizer of TF.js keeps its meaning.
 * The weights live in a session meanwhile, and are back in the model before the callbacks' `onEpochEnd` and at the end.
 */
export async function fit<T extends tf.TensorContainer>(
  model: tf.LayersModel,
  dataset: tf.data.Dataset<T>,
  { callbacks = [], ...args }: FitOptions<T>,
): Promise<tf.History> {
  const trained = modelWithSteps(model);
  const steps = await compileSteps(trained);
  const maker = trained as unknown as StepMaker;
  Object.assign(trained, {
    makeTrainFunction: () => (data: tf.Tensor[]) => steps.run('train', data),
    makeTestFunction: () => {
      maker.testFunction = (data) => steps.run('test', data);
      return maker.testFunction;
    },
  });
  const running = new RunningTraining(dataset, args, callbacks, steps.compiled);
  setTrainingSession(trained, running);
  try {
    return await trained.fitDataset(running.dataset, running.args);
  } finally {
    setTrainingSession(trained, null);
    Reflect.deleteProperty(trained, 'makeTrainFunction');
    Reflect.deleteProperty(trained, 'makeTestFunction');
    maker.testFunction = undefined;
    steps.compiled.dispose();
  }
}

/** A `tf.sequential` model hands all training to a model inside, which its typings hide. */
function modelWithSteps(model: tf.LayersModel): tf.LayersModel {
  return model instanceof tf.Sequential ? (model as unknown as { model: tf.LayersModel }).model : model;
}

/** What callbacks see of the training, and what `fitDataset` is called with. */
class RunningTraining<T extends tf.TensorContainer> implements TrainingSession {
  readonly args: tf.ModelFitDatasetArgs<T>;
  readonly dataset: ResumableDataset<T>;

  constructor(
    dataset: tf.data.Dataset<T>,
    args: FitOptions<T>,
    readonly callbacks: readonly tf.Callback[],
    private readonly compiled: CompiledFunctions,
  ) {
    this.dataset = new ResumableDataset(dataset);
    this.args = { verbose: 0, ...args, callbacks: [new WeightsBack(this), ...callbacks] };
  }

  /** TF.js reads its arguments after `onTrainBegin`. */
  resume({ epoch, batch }: TrainingPosition): void {
    this.args.initialEpoch = epoch;
    this.dataset.resume({ epoch, batch });
  }

  readVariables(): void {
    this.compiled.writeChangedVariables();
    this.compiled.readVariables();
  }
}

/** Brings the weights from the session to the model before the other callbacks look at them. */
class WeightsBack extends tf.Callback {
  constructor(private readonly session: TrainingSession) {
    super();
  }

  override async onEpochEnd(): Promise<void> {
    this.session.readVariables();
    return Promise.resolve();
  }
}

async function compileSteps(model: tf.LayersModel) {
  const signature = stepSignature(model);
  const trainStep = (model as unknown as StepMaker).makeTrainFunction();
  const testStep = eagerTestStep(model);
  const graphOf = (name: string, step: Step) =>
    tfFunction((...data: tf.Tensor[]) => named(step(data)), { inputSignature: signature, name }).getConcreteFunction();
  const before = new Set(Object.keys(tf.engine().registeredVariables));
  try {
    const compiled = await CompiledFunctions.compile({
      train: graphOf('train', trainStep),
      test: graphOf('test', testStep),
    });
    const run = (name: string, data: tf.Tensor[]) => {
      compiled.writeChangedVariables();
      return Object.values(compiled.call(name, data)) as tf.Scalar[];
    };
    return { compiled, run };
  } catch (error) {
    for (const [name, variable] of Object.entries(tf.engine().registeredVariables)) {
      if (!before.has(name)) variable.dispose();
    }
    throw error;
  }
}

function eagerTestStep(model: tf.LayersModel): Step {
  const maker = model as unknown as StepMaker;
  maker.testFunction = undefined;
  maker.makeTestFunction();
  const step = maker.testFunction as Step | undefined;
  if (!step) throw new Error('unreachable: makeTestFunction sets testFunction');
  return step;
}

/** Results in an order that sorting by name keeps. The step has `tf.keep` on its metrics: clones are left, those go. */
function named(values: tf.Scalar[]): Record<string, tf.Tensor> {
  const entries = values.map((value, i) => [`value_${String(i).padStart(3, '0')}`, tf.clone(value)] as const);
  values.forEach((value) => value.dispose());
  return Object.fromEntries(entries);
}

/** Inputs as the model has them; integer labels with one batch size in common. */
function stepSignature(model: tf.LayersModel): Record<string, TensorSpec> {
  const shapeOf = (shape: readonly (number | null)[]): Dimension[] => ['batch', ...shape.slice(1)];
  const inputs = model.inputs.map(({ shape }, i) => [`x_${i}`, tensorSpec('float32', shapeOf(shape))] as const);
  const targets = model.outputs.map((_, i) => [`y_${i}`, tensorSpec('int32', ['batch'])] as const);
  return Object.fromEntries([...inputs, ...targets]);
}
