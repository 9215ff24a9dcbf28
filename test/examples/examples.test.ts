import { readdirSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { DigitRecognizer, gray } from '../../examples/digit-recognizer/digit-recognizer.js';
import { Randomizer } from '../../examples/randomizer/randomizer.js';
import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { readSignatures } from '../../src/saved-model/read/read-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { runCommandLine } from '../helpers/run-command-line.js';
import { expectSame } from '../helpers/same-by-every-road.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { type ExampleCall, exportedExamples } from './examples.js';

let folder: string;
let calls: ExampleCall[];

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  calls = await exportedExamples(folder);
});

describe('the examples', () => {
  it.each(['adder', 'end-to-end-classifier', 'bytes-to-class-name', 'image-estimator', 'digit-recognizer'])(
    '%s answers from a moved directory as it does here',
    async (example) => {
      const model = await LoadedSavedModel.load(path.join(folder, example, '1'));
      const own = calls.filter((call) => call.example === example);
      expect(new Set(own.map(({ signature }) => signature))).toEqual(new Set(Object.keys(model.signatures)));
      for (const { signature, inputs, expected } of own) {
        const answer = model.call(signature, inputs);
        expect(Object.keys(answer).sort()).toEqual(Object.keys(expected).sort());
        for (const [name, tensor] of Object.entries(expected)) expectSame(answer[name], tensor);
      }
      model.dispose();
    },
  );

  it('give different answers to different pictures', () => {
    const labels = calls.flatMap(({ expected }) => (expected.label ?? expected.class_name)?.dataSync<'string'>() ?? []);
    expect(new Set(labels).size).toBeGreaterThan(1);
  });

  it('end-to-end-classifier takes text and gives text, as its metadata says', async () => {
    const { serving_default } = await readSignatures(path.join(folder, 'end-to-end-classifier', '1'));
    const specs = (tensors: Record<string, { spec: unknown }> = {}) =>
      Object.fromEntries(Object.entries(tensors).map(([name, { spec }]) => [name, String(spec)]));
    expect(specs(serving_default?.inputs)).toEqual({ image: 'string[?]' });
    expect(specs(serving_default?.outputs)).toEqual({ label: 'string[?]' });
    expect(serving_default?.method).toBe('tensorflow/serving/predict');
  });

  it('randomizer draws as many numbers as a call asks for, others each time', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await new Randomizer().export(directory);
    const model = await LoadedSavedModel.load(directory);
    const draw = (n: number) =>
      Array.from(model.call('fun_runif', { N: tf.scalar(n, 'int32') }).output_0?.dataSync<'float32'>() ?? []);
    const [first, second] = [draw(5000), draw(5000)];
    expect(first).toHaveLength(5000);
    expect(first).not.toEqual(second);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1);
    expect(Math.abs(first.reduce((sum, value) => sum + value, 0) / 5000 - 0.5)).toBeLessThan(0.05);
    expect(draw(0)).toHaveLength(0);
    expect(() => draw(-1)).toThrow('N is 0 to 1,000,000.');
    expect(() => draw(2_000_000_000)).toThrow('N is 0 to 1,000,000.');
    model.dispose();
  });

  it('digit-recognizer learns digits, version after version', async () => {
    const recognizer = new DigitRecognizer();
    await recognizer.train('data/digits/train', 2);
    const early = await accuracyOf(recognizer);
    await recognizer.train('data/digits/train', 8);
    const late = await accuracyOf(recognizer);
    expect(early).toBeGreaterThan(0.5);
    expect(late).toBeGreaterThan(Math.max(0.9, early));
  });

  it('are exported by a command', async () => {
    const models = await temporaryFolder();
    const { code, stdout } = await runCommandLine('export-examples', ['--model-folder-path', models]);
    expect(code).toBe(0);
    expect(stdout.trim().split('\n')).toHaveLength(6);
    expect(readdirSync(models)).toHaveLength(6);
    expect(readdirSync(path.join(models, 'digit-recognizer'))).toEqual(['1', '2']);
    const wrong = await runCommandLine('export-examples', ['--example', 'adders']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Received: adders') as string });
  });
});

async function accuracyOf(recognizer: DigitRecognizer): Promise<number> {
  const pictures = await imageDatasetFromDirectory('data/digits/test', { imageSize: [28, 28], shuffle: false });
  let right = 0;
  let all = 0;
  await gray(pictures).forEachAsync((batch) => {
    const { xs, ys } = batch as { xs: tf.Tensor; ys: tf.Tensor };
    right += tf.tidy(() => Number(tf.sum(tf.equal(recognizer.recognize(xs).digit, ys)).arraySync()));
    all += ys.size;
    tf.dispose([xs, ys]);
  });
  pictures.dispose();
  return right / all;
}
