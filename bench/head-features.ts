import { parseArgs } from 'node:util';

import { ImageDataset } from '../src/data/dataset/image-dataset.js';
import { createRandom, shuffled } from '../src/data/dataset/random.js';
import { scanImageDirectory } from '../src/data/scan/scan-image-directory.js';
import { EfficientNetLiteModel } from '../src/models/efficient-net-lite-model.js';
import * as tf from '../src/tensorflow/tf.js';
import { type FeatureBatches, LogisticRegression, scoreHead } from '../src/training/head/logistic-regression.js';

/**
 * `npm run bench:head-features -- --train FOLDER`: which layers' features make the best head of EfficientNet-Lite0, with `trainHead`'s own logistic
 * regression on splits of one folder of photographs: 60 images of each class against all others, means of four draws, and four fifths against the
 * fifth, means of two. Nothing is tuned on other images.
 */
const { values } = parseArgs({ options: { train: { type: 'string' } } });
if (values.train === undefined) throw new Error('Give the photographs, a folder per class: -- --train FOLDER');

const ends = ['top', 'block7a', 'block6d', 'block5c', 'block4c', 'block3b', 'block2b'] as const;
type End = (typeof ends)[number];
const selections: readonly (readonly End[])[] = [
  ['top'],
  ['top', 'block5c'],
  ['top', 'block7a', 'block5c'],
  ['top', 'block7a', 'block6d', 'block5c'],
  ['top', 'block7a', 'block6d', 'block5c', 'block4c'],
  ends,
];
const strengths = { few: 0.1, most: 0.03 } as const;
const perClass = 60;

const { features, labels, classes } = await computeFeatures(values.train);
const few = [0, 1, 2, 3].map((seed) => someOfEach(seed));
const most = [0, 1].map((fold) =>
  divided(shuffled([...labels.keys()], createRandom(0)).map((image, i) => [image, i % 5 !== fold] as const)),
);
console.log(`${'features of'.padEnd(50)}number  ${perClass} per class  four fifths`);
for (const chosen of selections) {
  const xs = tf.concat(
    chosen.map((end) => features[end]),
    1,
  );
  const [small, large] = [await accuracyOf(xs, few, strengths.few), await accuracyOf(xs, most, strengths.most)];
  console.log(`${chosen.join(' ').padEnd(50)}${String(xs.shape[1]).padStart(6)}${small.toFixed(4).padStart(14)}${large.toFixed(4).padStart(13)}`); // prettier-ignore
  xs.dispose();
}

interface Split {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Mean of each layer's activations over rows and columns, [images, channels]. */
async function computeFeatures(folder: string) {
  const scan = await scanImageDirectory(folder);
  const model = await EfficientNetLiteModel.pretrained({ classNames: scan.classNames });
  const outputs = ends.map((end) => model.getLayer(`${end}_activation`).output as tf.SymbolicTensor);
  const network = tf.model({ inputs: model.inputs, outputs });
  const dataset = await ImageDataset.create(scan, { imageSize: model.imageSize, shuffle: false });
  const parts: tf.Tensor2D[][] = [];
  const found: number[] = [];
  for await (const { xs, ys } of dataset.batches()) {
    parts.push(tf.tidy(() => (network.predict(xs) as tf.Tensor[]).map((map) => tf.mean<tf.Tensor2D>(map, [1, 2]))));
    found.push(...ys.dataSync<'int32'>());
    tf.dispose([xs, ys]);
  }
  const joined = ends.map((end, i) => [end, tf.concat(parts.flatMap((part) => part[i] ?? []))] as const);
  return { features: Object.fromEntries(joined) as Record<End, tf.Tensor2D>, labels: found, classes: scan.classNames.length }; // prettier-ignore
}

/** The first images of each class in random order, and all others. */
function someOfEach(seed: number): Split {
  const taken = new Array<number>(classes).fill(0);
  return divided(
    shuffled([...labels.keys()], createRandom(seed)).map((image) => {
      const label = labels[image] ?? 0;
      taken[label] = (taken[label] ?? 0) + 1;
      return [image, (taken[label] ?? 0) <= perClass] as const;
    }),
  );
}

function divided(images: readonly (readonly [image: number, isTrained: boolean])[]): Split {
  const those = (wanted: boolean) => images.filter(([, isTrained]) => isTrained === wanted).map(([image]) => image);
  return { train: those(true), test: those(false) };
}

async function accuracyOf(xs: tf.Tensor2D, splits: readonly Split[], strength: number): Promise<number> {
  const scores: number[] = [];
  for (const { train, test } of splits) {
    const head = await (await LogisticRegression.of(batchesOf(xs, train), classes)).solve(strength);
    scores.push((await scoreHead(batchesOf(xs, test), head)).accuracy);
  }
  return scores.reduce((sum, each) => sum + each, 0) / scores.length;
}

function batchesOf(all: tf.Tensor2D, images: readonly number[]): FeatureBatches {
  const xs = tf.gather(all, [...images]);
  const ys = tf.tensor1d(
    images.map((image) => labels[image] ?? 0),
    'int32',
  );
  const each: FeatureBatches['each'] = (visit) => {
    visit({ xs, ys });
    return Promise.resolve();
  };
  return { features: all.shape[1], each };
}
