import * as v from 'valibot';

import { SignetError } from '../../errors.js';
import { parseHistory } from '../../evaluation/report/training-history.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import { stopOnInterrupt } from '../../files/stop-on-interrupt.js';
import { variablesOf } from '../../tensorflow/layer-weights.js';
import { durationText } from '../../text/amounts.js';
import { tell } from '../../text/tell.js';
import { trainedOptimizer } from '../../training/callbacks/callback.js';
import { CSVLogger, type CSVLines } from '../../training/callbacks/csv-logger.js';
import { EarlyStopping } from '../../training/callbacks/early-stopping.js';
import { ModelCheckpoint } from '../../training/callbacks/model-checkpoint.js';
import { writeBackup } from '../../training/callbacks/support/write-backup.js';
import { StoppedBeforeStep } from '../../training/features/feature-source.js';
import { type TrainedHead, trainHead } from '../../training/head/train-head.js';
import type { InterruptedTraining } from '../../training/resume/interrupted-training.js';
import { TrainingStateFolder } from '../../training/resume/training-state.js';
import { TrialStep } from '../../training/steps/trial-step.js';
import { modelAssets } from './model-assets.js';
import { fullRecipe } from './recipe.js';
import { augmentationFor, compileClassifier } from './trainable-model.js';
import { type Monitored, monitoredOf, type Stage, StageCallback, type StagePlan } from './training-callbacks.js';
import type { OpenedImages } from './training-data.js';
import type { Learned, PreparedTraining } from './training-run.js';

/** Trains by epochs after a stage, as `learnByEpochs` does. */
type LearnByEpochs = (
  training: PreparedTraining,
  kept: InterruptedTraining,
  images: OpenedImages,
  stage: Stage,
) => Promise<Learned>;

/**
 * Trains a model that starts from trained weights: first its head, which counts as epoch 1, then with `--recipe full` all layers. What is better
 * on the validation is kept.
 *
 * Once the head is there, a backup is written as if an epoch had ended: from then on `--resume` continues with all layers.
 */
export async function learnByRecipe(
  training: PreparedTraining,
  kept: InterruptedTraining,
  images: OpenedImages,
  byEpochs: LearnByEpochs,
): Promise<Learned> {
  const follows = !kept.hasState;
  if (follows) {
    const head = await headUntilInterrupted(training, images);
    if (!head) return nothingLearned(images);
    const history = CSVLogger.textOf(linesOf(head));
    await training.model.save(training.version.path, { assetsExtra: modelAssets(training, history) });
    const epochs = training.options.recipe === 'full' ? await plannedEpochs(training, images, head) : 0;
    if (epochs === 0) return headAlone(head, training, images);
    await keepHead(training, kept, head, epochs);
  }
  const plan = await readPlan(kept);
  const planned = { ...training, options: { ...training.options, numEpochs: plan.epochs } };
  if (!follows) compileFor(training, plan);
  const stage = { name: 'fine-tuning', follows, deadline: deadlineOf(training), plan };
  const learned = await byEpochs(planned, kept, images, stage);
  return { ...learned, stages: compare(learned, plan, monitoredOf(training.model)) };
}

/** Solves for the head; null if Ctrl-C came before it was there. */
async function headUntilInterrupted(
  { model, data, options }: PreparedTraining,
  { train, validation }: OpenedImages,
): Promise<TrainedHead | null> {
  const interrupt = stopOnInterrupt('stopping before the head is trained; nothing is kept');
  interrupt.signal.addEventListener('abort', () => (model.stopTraining = true));
  model.stopTraining = false;
  try {
    const head = await trainHead(model, train, {
      validationData: validation,
      classWeight: data.set.classWeight,
      labelSmoothing: options.labelSmoothing,
      precision: options.precision,
      refit: options.recipe === 'head',
    });
    const score = scoreText(head, monitoredOf(model));
    const all = options.recipe === 'head' ? '; then trained on these images too' : '';
    tell(
      `head: ${score} with L2 regularization of strength ${head.strength}, the best of ${head.tried.join(', ')}${all}`,
    );
    return head;
  } catch (error) {
    if (!(error instanceof StoppedBeforeStep)) throw error;
    return null;
  } finally {
    interrupt.remove();
  }
}

/** The head as epoch 1 of `history.csv`. */
function linesOf({ train, validation }: TrainedHead): CSVLines {
  const row = [0, 'head', train.accuracy, '', train.loss, validation.accuracy, validation.loss];
  const columns = ['stage', 'accuracy', 'learning_rate', 'loss', 'val_accuracy', 'val_loss'];
  return { columns, rows: [row.join(',')] };
}

function countsOf({ train, validation }: OpenedImages) {
  return { train: train.imageCount, validation: validation.imageCount };
}

function nothingLearned(images: OpenedImages): Learned {
  return { epochs: 0, bestEpoch: null, interrupted: true, history: '', images: countsOf(images) };
}

function headAlone(head: TrainedHead, training: PreparedTraining, images: OpenedImages): Learned {
  const history = CSVLogger.textOf(linesOf(head));
  const score = scoreText(head, monitoredOf(training.model));
  const stages: Fact[] = [['head', headText(head.strength, score)]];
  const advice = training.options.recipe === 'head' ? adviceFor(head, images) : undefined;
  return {
    epochs: 1,
    bestEpoch: 1,
    interrupted: false,
    history,
    images: countsOf(images),
    stages,
    advice,
    samples: head.samples,
  };
}

/** The score of a head, used to compare epochs. */
function scoreOf({ validation: { accuracy, loss } }: TrainedHead, { name }: Monitored): number {
  return name === 'val_loss' ? loss : accuracy;
}

function scoreText(head: TrainedHead, monitored: Monitored): string {
  return `${monitored.name} ${scoreOf(head, monitored).toFixed(4)}`;
}

function headText(strength: number, score: string): string {
  return `${score}, L2 regularization of strength ${strength}`;
}

/**
 * How much longer than through the network alone an image takes in a training step: forward, backward, and the changes to images. A rough
 * figure: one measurement, of EfficientNet-Lite0 on a busy computer with two cores. Other networks and computers were not measured.
 */
const stepPerFeature = 5.5;

function adviceFor({ imagesPerSecond }: TrainedHead, images: OpenedImages): string {
  const { numEpochs, trained } = fullRecipe;
  const all = images.train.imageCount + images.validation.imageCount;
  const perEpoch = (all * trained * stepPerFeature) / imagesPerSecond;
  return (
    `--recipe full trains all layers too, about ${durationText(perEpoch * numEpochs)} here: ` +
    `${numEpochs} epochs of ${durationText(perEpoch)}; --minutes M takes as many as fit. It trains on ${Math.round(trained * 100)} % of the images ` +
    'and keeps whichever is better on the others, all layers or the head. With few images per class it often gains nothing; compare-models shows whether it did'
  );
}

/** Seconds that evaluation and report may take after a training with `--minutes`. */
const reserve = 15;

function deadlineOf({ options: { minutes = Infinity }, startTime }: PreparedTraining): number {
  return startTime + (minutes * 60 - reserve) * 1000;
}

/** How many epochs train all layers: those of the flags, or as many as `--minutes` leaves time for, which a few steps tell. */
async function plannedEpochs(training: PreparedTraining, images: OpenedImages, head: TrainedHead): Promise<number> {
  const { options, data } = training;
  if (options.minutes === undefined) return options.numEpochs;
  const perStep = await secondsPerStep(training);
  const perEpoch = perStep * data.set.stepsPerEpoch + images.validation.imageCount / head.imagesPerSecond;
  const left = (deadlineOf(training) - performance.now()) / 1000;
  const epochs = Math.max(0, Math.floor(left / perEpoch));
  const what = epochs === 0 ? 'none fits: the head is kept' : `${epochs} of them`;
  tell(
    `an epoch with all layers takes about ${durationText(perEpoch)}, and ${durationText(Math.max(0, left))} are left: ${what}`,
  );
  return epochs;
}

/** Measures a training step without changing the model: steps change copies of its weights. */
async function secondsPerStep({ model, data, options }: PreparedTraining): Promise<number> {
  const { classWeight } = data.set;
  const augmentation = augmentationFor(model, options) ?? null;
  // Decided before a recipe for all layers begins.
  const precision = options.precision === 'bfloat16' ? 'bfloat16' : 'float32';
  const step = await TrialStep.compile(model, options.batchSize, {
    classWeight,
    augmentation,
    precision,
    onNote: tell,
  });
  const measure = () => {
    const begin = performance.now();
    step.run();
    return (performance.now() - begin) / 1000;
  };
  try {
    // The first takes memory and fills caches.
    measure();
    return Math.min(measure(), measure());
  } finally {
    step.dispose();
  }
}

/** Compiles the model for the epochs that are planned, on which its learning rate depends. */
function compileFor({ model, options, data }: PreparedTraining, { epochs }: StagePlan): void {
  model.optimizer.dispose();
  compileClassifier(model, { ...options, numEpochs: epochs - 1 }, data.set.stepsPerEpoch);
}

/** Writes the backup that the training of all layers starts from. */
async function keepHead(
  training: PreparedTraining,
  { folder }: InterruptedTraining,
  head: TrainedHead,
  epochs: number,
): Promise<void> {
  const { model } = training;
  const plan = { epochs: epochs + 1, strength: head.strength };
  compileFor(training, plan);
  const optimizer = trainedOptimizer(model, '--recipe full');
  optimizer.build(variablesOf(model.trainableWeights));
  const weights = model.getWeights();
  const best = scoreOf(head, monitoredOf(model));
  await writeBackup(new TrainingStateFolder(folder), {
    epoch: 1,
    weights,
    optimizer,
    callbacks: [
      { name: StageCallback.name, state: StageCallback.stateOf({ plan }) },
      { name: CSVLogger.name, state: CSVLogger.stateAfter(linesOf(head)) },
      { name: ModelCheckpoint.name, state: ModelCheckpoint.stateAfter({ best, saved: 1 }) },
      {
        name: EarlyStopping.name,
        state: EarlyStopping.stateAfter({ best, bestEpoch: 0, wait: 0, bestWeights: weights }),
      },
    ],
  });
}

const planSchema = v.object({ epochs: v.pipe(v.number(), v.safeInteger(), v.minValue(2)), strength: v.number() });

/** @throws SignetError `INVALID_TRAINING_STATE` for a backup of a training without this stage. */
async function readPlan({ folder }: InterruptedTraining): Promise<StagePlan> {
  const saved = await new TrainingStateFolder(folder).read();
  const values = saved?.metadata.callbacks.find(({ name }) => name === StageCallback.name)?.values;
  const result = v.safeParse(planSchema, values);
  if (result.success) return result.output;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `The backup in ${folder} does not say how many epochs were planned: it is damaged. Begin the training again, without --resume.`,
  );
}

/** Rows of the report about both stages; says which is kept. */
function compare(
  { history, bestEpoch, interrupted }: Learned,
  { strength }: StagePlan,
  { name, bestOf }: Monitored,
): Fact[] {
  const { columns, epochs } = parseHistory(history);
  const scores = columns.get(name) ?? [];
  const [head = null, ...tuned] = scores;
  const best = bestOf(...tuned.filter((each) => each !== null));
  if (head === null || !Number.isFinite(best)) return [];
  const epoch = epochs[scores.indexOf(best, 1)] ?? NaN;
  const isBetter = bestEpoch !== null && bestEpoch > 1;
  const tunedText = `${name} ${best.toFixed(4)}, in epoch ${epoch}`;
  if (!interrupted) {
    const kept = isBetter
      ? 'the fine-tuned model is kept'
      : 'the head is kept, and the layers before it are as they were';
    tell(`head: ${name} ${head.toFixed(4)}; all layers: ${tunedText}: ${kept}`);
  }
  return [
    ['head', headText(strength, `${name} ${head.toFixed(4)}`)],
    ['all layers', tunedText],
  ];
}
