import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';
import { fit, type FitOptions } from '../../training/fit.js';
import type * as tf from '../../tensorflow/tf.js';
import type { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { learnByRecipe } from './learn-by-recipe.js';
import type { TrainModelOptions } from './train-model-options.js';
import { augmentationFor, trainedPart } from './trainable-model.js';
import { importCallbacks, type Monitored, monitoredOf, type Stage, TrainingCallbacks } from './training-callbacks.js';
import type { OpenedImages } from './training-data.js';
import type { Learned, Learner, PreparedTraining } from './training-run.js';
import { tell } from '../../text/tell.js';

/** Trains in this process, with TensorFlow's library. */
export class LocalLearner implements Learner {
  /** A mistake in a file of callbacks is reported before anything long begins. */
  async checkOptions({ callbacks }: TrainModelOptions): Promise<void> {
    if (callbacks !== undefined) await importCallbacks(callbacks);
  }

  /** Every format that a scan accepts can be read here. */
  checkImages(): void {
    return;
  }

  async learn(training: PreparedTraining, kept: InterruptedTraining): Promise<Learned> {
    const { model, data, options } = training;
    const train = await data.openTraining(model.imageSize);
    const validation = await data.openValidation(model.imageSize);
    const images = { train, validation };
    const { recipe = 'none' } = options;
    const what = recipe === 'none' ? trainedPart(model) : `the head of ${model.constructor.name}`;
    tell(`training ${what} on ${train.imageCount} images, validating on ${validation.imageCount}`);
    return recipe === 'none'
      ? learnByEpochs(training, kept, images)
      : learnByRecipe(training, kept, images, learnByEpochs);
  }
}

/** Trains a model by epochs and keeps the best; the stage says what came before, if anything. */
export async function learnByEpochs(
  training: PreparedTraining,
  kept: InterruptedTraining,
  images: OpenedImages,
  stage?: Stage,
): Promise<Learned> {
  const { train, validation } = images;
  const callbacks = await TrainingCallbacks.create(training, kept, images, stage);
  const options = { ...fitOptions(training), validationData: validation, callbacks: callbacks.list };
  const { lastEpoch, interrupted } = await fitUntilInterrupted(training.model, train, options);
  const { bestEpoch, history } = callbacks;
  if (bestEpoch === null && !interrupted) return giveUp(kept, monitoredOf(training.model));
  const file = path.join(training.version.path, 'assets.extra', 'history.csv');
  if (bestEpoch !== null) await writeFile(file, history);
  const counts = { train: train.imageCount, validation: validation.imageCount };
  return { epochs: Math.max(callbacks.firstEpoch, lastEpoch), bestEpoch, interrupted, history, images: counts };
}

/** There is no point in resuming a training in which every epoch failed. */
async function giveUp(kept: InterruptedTraining, { name }: Monitored): Promise<never> {
  await kept.remove();
  throw new SignetError(
    'TRAINING_STOPPED',
    `No epoch gave a ${name} that is a number: the loss is NaN. Try a smaller --learning-rate; no model was saved.`,
  );
}

type Options = Pick<
  FitOptions<tf.TensorContainer>,
  'epochs' | 'classWeight' | 'augmentation' | 'featureViews' | 'jit' | 'precision' | 'recompute'
>;

function fitOptions({ model, data, options }: PreparedTraining): Options {
  return {
    epochs: options.numEpochs,
    classWeight: data.set.classWeight,
    augmentation: augmentationFor(model, options),
    featureViews: options.featureViews,
    jit: options.jit,
    precision: options.precision,
    recompute: options.recompute,
  };
}

/** @returns The last epoch that was trained, from 1; 0 without any. */
async function fitUntilInterrupted(
  model: tf.LayersModel,
  train: tf.data.Dataset<tf.TensorContainer>,
  options: FitOptions<tf.TensorContainer>,
): Promise<{ readonly lastEpoch: number; readonly interrupted: boolean }> {
  const interrupt = stopOnInterrupt('stopping after this step, the best model is kept');
  interrupt.signal.addEventListener('abort', () => (model.stopTraining = true));
  try {
    const { epoch } = await fit(model, train, options);
    return { lastEpoch: (epoch.at(-1) ?? -1) + 1, interrupted: interrupt.signal.aborted };
  } finally {
    interrupt.remove();
  }
}
