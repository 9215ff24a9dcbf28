import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { stringVector } from '../../src/ops/strings.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';

/** What `serving_known` returns for the pictures of a folder. */
export interface Recognized {
  readonly images: number;
  /** Scores that decide whether they are known, and confidences, [n]. */
  readonly score: Float32Array;
  readonly confidence: Float32Array;
  /** Fraction of them that is known. */
  readonly knownShare: number;
}

/** Embeddings of the pictures of a folder with one folder per class. */
export interface Embedded {
  readonly classNames: readonly string[];
  /** [n, features] in C order. */
  readonly embeddings: Float32Array;
  readonly labels: Int32Array;
}

/** Calls `serving_known` with a number of pictures from a folder and its subfolders, picked evenly. */
export async function recognizeFolder(directory: string, folder: string, most: number): Promise<Recognized> {
  const { rows } = await callEach(directory, await picturesIn(folder, most), 'serving_known');
  const column = (name: string) => Float32Array.from(rows.flatMap((row) => Array.from(row[name] ?? [])));
  const known = column('is_known');
  const share = known.reduce((a, b) => a + b, 0) / known.length;
  return { images: known.length, knownShare: share, confidence: column('confidence'), score: column('known_score') };
}

/** Embeds all pictures of a folder. */
export async function embedFolder(directory: string, folder: string): Promise<Embedded> {
  const { rows, files } = await callEach(directory, await picturesIn(folder, Infinity), 'serving_embedding');
  const features = rows[0]?.embedding?.length ?? 0;
  const embeddings = new Float32Array(rows.length * features);
  rows.forEach(({ embedding = [] }, i) => embeddings.set(embedding, i * features));
  const classes = files.map((file) => path.basename(path.dirname(file)));
  const classNames = [...new Set(classes)].sort();
  return { classNames, embeddings, labels: Int32Array.from(classes, (name) => classNames.indexOf(name)) };
}

async function picturesIn(folder: string, most: number): Promise<string[]> {
  const all = (await readdir(folder, { recursive: true })).filter((file) => /\.(png|jpe?g)$/i.test(file)).sort();
  const every = Math.max(1, Math.floor(all.length / most));
  return all.filter((_, i) => i % every === 0).map((file) => path.join(folder, file));
}

type Row = Readonly<Record<string, ArrayLike<number>>>;

/** Calls a signature for each picture; those that do not decode are left out. */
async function callEach(directory: string, files: readonly string[], key: string) {
  const model = await LoadedSavedModel.load(directory);
  const answered: { row: Row; file: string }[] = [];
  try {
    for (const file of files) {
      const input = stringVector([await readFile(file)]);
      try {
        const outputs = model.call(key, { image_bytes_string: input });
        const numbers = Object.entries(outputs).filter(([, { dtype }]) => dtype !== 'string');
        answered.push({ file, row: Object.fromEntries(numbers.map(([name, each]) => [name, each.dataSync().slice()])) as Row }); // prettier-ignore
        tf.dispose(outputs);
      } catch {
        console.error(`left out: ${file}`);
      } finally {
        input.dispose();
      }
    }
  } finally {
    model.dispose();
  }
  return { rows: answered.map(({ row }) => row), files: answered.map(({ file }) => file) };
}
