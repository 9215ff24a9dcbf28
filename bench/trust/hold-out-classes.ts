import { chooseConfidence } from '../../src/evaluation/confidence/choose-confidence.js';
import { type Calibration, Reliability } from '../../src/evaluation/confidence/reliability.js';
import { distanceToNearest, knownScore } from '../../src/models/classifier/known-images.js';
import { readModelDescription } from '../../src/models/classifier/model-description.js';
import { findModelType } from '../../src/models/model-types.js';
import { createRandom, shuffled } from '../../src/data/dataset/random.js';
import { type LinearHead, LogisticRegression } from '../../src/training/head/logistic-regression.js';
import * as tf from '../../src/tensorflow/tf.js';
import { areaUnderRoc } from './area-under-roc.js';
import type { Embedded } from './recognize-folder.js';

/** How well a head that was trained without a class recognizes the test images of that class as unknown. */
export interface HeldOut {
  readonly className: string;
  readonly area: number;
}

/** The strength that `train-model` chooses on these photographs. */
const strength = 0.01;
/** As `--validation-split`. */
const validationSplit = 0.2;

/** Leaves out each class in turn, and does what the recipe does on features: one head to choose the confidence by, and one trained on all images. */
export async function holdOutClasses(
  directory: string,
  { train, test }: Readonly<Record<'train' | 'test', Embedded>>,
): Promise<HeldOut[]> {
  const { modelType, options } = await readModelDescription(directory);
  const Model = await findModelType(modelType);
  const results: HeldOut[] = [];
  for (const [label, className] of train.classNames.entries()) {
    const classNames = train.classNames.filter((name) => name !== className);
    const others = shuffled(positionsBut(train, label), createRandom(0));
    const held = Math.round(others.length * validationSplit);
    const parts = {
      train: pick(train, others.slice(held), label),
      validation: pick(train, others.slice(0, held), label),
    };
    const head = await headOf(parts.train, classNames.length);
    const model = new Model({ classNames, ...options });
    const validation = { ...parts.validation, logits: logitsOf(parts.validation, head) };
    chooseConfidence(model, { train: parts.train, validation });
    const final = await headOf(pick(train, others, label), classNames.length);
    const scores = scoresByModel(model, test, logitsOf(test, final));
    const isOwn = (i: number) => test.labels[i] !== label;
    results.push({
      className,
      area: areaUnderRoc(
        scores.filter((_, i) => isOwn(i)),
        scores.filter((_, i) => !isOwn(i)),
      ),
    });
    model.dispose();
  }
  return results;
}

function scoresByModel(
  { confidence: { known, temperature = 1 }, knownCentroids }: InstanceType<Awaited<ReturnType<typeof findModelType>>>,
  { embeddings, labels }: Embedded,
  logits: Float32Array,
): Float32Array {
  if (!known || !knownCentroids) throw new Error('The network has no embedding.');
  const n = labels.length;
  return tf.tidy(() => {
    const probabilities = tf.softmax(tf.div(tf.tensor2d(logits, [n, logits.length / n]), temperature));
    const distance = distanceToNearest(tf.tensor2d(embeddings, [n, embeddings.length / n]), knownCentroids);
    return knownScore(probabilities, distance, known).dataSync<'float32'>().slice();
  });
}

/**
 * Calibration of heads on images that they were not trained on: all images of both folders, in five folds. On the test set alone, chance would have
 * too much influence.
 */
export async function calibrationByFolds({
  train,
  test,
}: Readonly<Record<'train' | 'test', Embedded>>): Promise<Calibration> {
  const all = {
    classNames: train.classNames,
    embeddings: Float32Array.from([train, test].flatMap(({ embeddings }) => Array.from(embeddings))),
    labels: Int32Array.from([...train.labels, ...test.labels]),
  };
  const order = shuffled([...all.labels.keys()], createRandom(0));
  const reliability = new Reliability();
  for (let fold = 0; fold < 5; fold += 1) {
    const held = pick(all, order.filter((_, i) => i % 5 === fold), Infinity); // prettier-ignore
    const head = await headOf(pick(all, order.filter((_, i) => i % 5 !== fold), Infinity), all.classNames.length); // prettier-ignore
    const logits = logitsOf(held, head);
    const classes = all.classNames.length;
    for (const [i, label] of held.labels.entries()) {
      const row = Array.from(logits.subarray(i * classes, (i + 1) * classes));
      const predicted = row.indexOf(Math.max(...row));
      const total = row.reduce((sum, logit) => sum + Math.exp(logit - (row[predicted] ?? 0)), 0);
      reliability.add(1 / total, predicted === label);
    }
  }
  return reliability.result(1);
}

function positionsBut({ labels }: Embedded, label: number): number[] {
  return [...labels.keys()].filter((i) => labels[i] !== label);
}

/** Selects some of the images, with labels for the classes that remain when one is left out. */
function pick({ embeddings, labels }: Embedded, positions: readonly number[], without: number) {
  const features = embeddings.length / labels.length;
  const picked = new Float32Array(positions.length * features);
  positions.forEach((from, i) => picked.set(embeddings.subarray(from * features, (from + 1) * features), i * features));
  const ofRest = positions.map((from) => labels[from] ?? 0).map((label) => (label > without ? label - 1 : label));
  return { embeddings: picked, labels: Int32Array.from(ofRest) };
}

type Picked = Pick<Embedded, 'embeddings' | 'labels'>;

async function headOf({ embeddings, labels }: Picked, classes: number): Promise<LinearHead> {
  const features = embeddings.length / labels.length;
  const batch = { xs: tf.tensor2d(embeddings, [labels.length, features]), ys: tf.tensor1d(labels, 'int32') };
  const each = (visit: (one: typeof batch) => void) => {
    visit(batch);
    return Promise.resolve();
  };
  const head = await (await LogisticRegression.of({ features, each }, classes)).solve(strength);
  tf.dispose([batch.xs, batch.ys]);
  return head;
}

function logitsOf({ embeddings, labels }: Picked, { kernel, bias }: LinearHead): Float32Array {
  return tf.tidy(() => {
    const features = embeddings.length / labels.length;
    const xs = tf.tensor2d(embeddings, [labels.length, features]);
    const layer = tf.tensor2d(kernel, [features, bias.length]);
    return tf.add(tf.matMul(xs, layer), tf.tensor1d(bias)).dataSync<'float32'>().slice();
  });
}
