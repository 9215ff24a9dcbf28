import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type RunningWorkers, startWorkers, type WorkersOptions } from '../../src/distributed/start-workers.js';
import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { exportTraining, type ExportTrainingOptions } from '../../src/distributed/export-training.js';
import type { ImageClassifierModel } from '../../src/models/image-classifier-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { loadModel } from '../../src/models/load-model.js';
import { readVariables } from '../../src/saved-model/read/read-variables.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { hasPython, python, runPython } from '../helpers/python/python.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'signet-workers-'));
const inFolder = (name: string) => path.join(folder, name);
const digits = path.resolve('data/digits/train');
const split = { validationSplit: 0.2, seed: 42 } as const;
const running: RunningWorkers[] = [];

afterAll(() => {
  for (const { children } of running) children.forEach((child) => child.kill('SIGKILL'));
  rmSync(folder, { recursive: true, force: true });
});

function compile(model: ImageClassifierModel): ImageClassifierModel {
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics });
  return model;
}

async function exported(name: string, model: ImageClassifierModel, options: ExportTrainingOptions): Promise<string> {
  await exportTraining(compile(model), inFolder(name), { ...split, patience: 100, ...options });
  model.dispose();
  return inFolder(name);
}

async function start(name: string, options: Partial<WorkersOptions> & Pick<WorkersOptions, 'model' | 'data'>) {
  const files = { output: inFolder(name), stepLosses: inFolder(`${name}.losses`) };
  const workers = await startWorkers({ python, workers: 1, ...files, ...options });
  running.push(workers);
  return workers;
}

/** Trains to the end. @returns The loss of every step. */
async function train(...args: Parameters<typeof start>): Promise<number[]> {
  const endings = await (await start(...args)).done;
  expect(
    endings.map(({ code }) => code),
    endings.flatMap(({ lines }) => lines).join('\n'),
  ).toEqual(endings.map(() => 0));
  return lossesOf(args[0]);
}

function lossesOf(name: string): number[] {
  return readFileSync(inFolder(`${name}.losses`), 'utf8')
    .trim()
    .split('\n')
    .map(Number);
}

function worst(a: readonly number[], b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));
}

const weightsOf = async (name: string) => (await readVariables(inFolder(name))).map(({ values }) => values);

/** Settles when the first worker has printed it. */
async function untilPrinted(text: string, name: string, options: Parameters<typeof start>[1]): Promise<RunningWorkers> {
  let onLine: (line: string) => void = () => undefined;
  const printed = new Promise<void>((resolve) => {
    onLine = (line) => {
      if (line.includes(text)) resolve();
    };
  });
  const workers = await start(name, { ...options, onLine });
  await Promise.race([printed, workers.done]);
  return workers;
}

describe.skipIf(!hasPython())('training on several machines, on the loopback of one', { timeout: 180_000 }, () => {
  describe('LeNet on the digits, 324 steps', () => {
    let model: string;
    let losses: Record<'one' | 'two', number[]>;

    beforeAll(async () => {
      const lenet = new LenetModel({ classNames: readdirSync(digits).sort(), seed: 1 });
      model = await exported('lenet', lenet, { batchSize: 32, numEpochs: 9 });
      const common = { model, data: digits };
      losses = { one: await train('lenet-1', common), two: await train('lenet-2', { ...common, workers: 2 }) };
    }, 180_000);

    it('has the losses of one worker with two', () => {
      expect(losses.one).toHaveLength(324);
      expect(worst(losses.two, losses.one)).toBeLessThan(1e-5);
    });

    it('has nearly those losses with gradients that travel as bfloat16, whose values have 3 digits', async () => {
      const lenet = new LenetModel({ classNames: readdirSync(digits).sort(), seed: 1 });
      const options = { batchSize: 32, numEpochs: 4, gradientPrecision: 'bfloat16' } as const;
      const short = await exported('lenet-short', lenet, options);
      const received = await train('lenet-2-short', { model: short, data: digits, workers: 2 });
      expect(received).toHaveLength(144);
      expect(received).not.toEqual(losses.two.slice(0, 144));
      expect(worst(received, losses.one.slice(0, 144))).toBeLessThan(1e-3);
    });

    it('sees the images in the order of fit, and has its losses', async () => {
      const common = { ...split, imageSize: [28, 28], batchSize: 32 } as const;
      const dataset = await imageDatasetFromDirectory(digits, { ...common, subset: 'training' });
      const same = compile(new LenetModel({ classNames: dataset.classNames, seed: 1 }));
      const { history } = await fit(same, dataset, { epochs: 2, jit: 'graph' });
      const rows = readFileSync(path.join(inFolder('lenet-1'), 'assets.extra', 'history.csv'), 'utf8').split('\n');
      expect(rows[0]).toBe('epoch,accuracy,loss,val_accuracy,val_loss');
      const [, first, second] = rows.map((row) => Number(row.split(',')[2]));
      expect(worst([first ?? NaN, second ?? NaN], (history.loss ?? []) as number[])).toBeLessThan(1e-4);
      dataset.dispose();
    });

    it('is written back as a model that gives the same logits in Node and in Python, its graph untouched', async () => {
      const directory = inFolder('lenet-2');
      for (const file of ['saved_model.pb', 'fingerprint.pb', 'assets/class_names.txt']) {
        expect(readFileSync(path.join(directory, file)).equals(readFileSync(path.join(model, file)))).toBe(true);
      }
      const restored = await loadModel(directory);
      const images = tf.randomUniform([3, 28, 28, 3], 0, 255, 'float32', 1);
      const logits = (await (restored.predict(images) as tf.Tensor).array()) as number[][];
      const script = `
import json, sys
import tensorflow as tf
request = json.load(sys.stdin)
model = tf.saved_model.load(request['directory'])
print(json.dumps(model.signatures['serving_default'](input_tensor=tf.constant(request['images']))['output_0'].numpy().tolist()))
`;
      const inPython = (await runPython(script, { directory, images: await images.array() })) as number[][];
      expect(worst(inPython.flat(), logits.flat())).toBeLessThan(1e-4);
      expect(worst(logits.flat(), new Array<number>(30).fill(0))).toBeGreaterThan(1);
    });
  });

  describe('a network with batch normalization and dropout, batches of 8 with one of 1 at the end of an epoch', () => {
    let common: Parameters<typeof start>[1];
    let alone: number[];

    beforeAll(async () => {
      const data = copyDigits(inFolder('data'), { classes: 3, images: 17 }).train;
      const small = new SmallClassifier({ classNames: ['0', '1', '2'], seed: 2, dropout: 0.2 });
      const model = await exported('small', small, { batchSize: 8, numEpochs: 9 });
      common = { model, data, parts: 3 };
      alone = await train('small-1', common);
    });

    it('does not depend on how many workers share the parts of a batch, some of which are empty', async () => {
      expect(alone).toHaveLength(54);
      const shared = await train('small-2', { ...common, workers: 2 });
      expect(worst(shared, alone)).toBeLessThan(1e-4);
      expect(alone.at(-1)).toBeLessThan(alone[0] ?? NaN);
    });

    it('comes to the same weights when a worker is killed and all are started again', async () => {
      const workers = await untilPrinted('epoch 3/', 'small-killed', { ...common, workers: 2 });
      workers.children[1]?.kill('SIGKILL');
      const [survivor, victim] = await workers.done;
      expect(victim?.code).toBeNull();
      expect(survivor?.code).toBe(1);
      expect(survivor?.lines.join('\n')).toContain('Another worker was lost, or does not answer. Start all again');
      expect(existsSync(inFolder('small-killed'))).toBe(false);
      await train('small-killed', { ...common, workers: 2 });
      expect(await weightsOf('small-killed')).toEqual(await weightsOf('small-2'));
    });

    it('continues in the precision of gradients that it began with, to the same weights', async () => {
      const options = { batchSize: 8, numEpochs: 4 };
      const small = () => new SmallClassifier({ classNames: ['0', '1', '2'], seed: 2, dropout: 0.2 });
      const model = await exported('short', small(), { ...options, gradientPrecision: 'bfloat16' });
      const shared = { ...common, model, workers: 2 };
      await train('small-short', shared);
      const workers = await untilPrinted('epoch 2/', 'small-short-killed', shared);
      workers.children[0]?.kill('SIGKILL');
      await workers.done;
      const other = await exported('long', small(), options);
      const [refused] = await (await start('small-short-killed', { ...shared, model: other })).done;
      expect(refused?.code).toBe(1);
      expect(refused?.lines.join('\n')).toContain(
        'small-short-killed.training began with gradients in bfloat16, and continues with the same. Received: float32, from ' +
          `${other}. Export it again with train-model --gradient-precision bfloat16.`,
      );
      await train('small-short-killed', shared);
      expect(await weightsOf('small-short-killed')).toEqual(await weightsOf('small-short'));
      expect(await weightsOf('small-short')).not.toEqual(await weightsOf('small-2'));
    });

    it('ends within a minute when a worker is frozen, and says so', async () => {
      const workers = await untilPrinted('epoch 1/', 'small-frozen', { ...common, workers: 2 });
      const [, frozen] = workers.children;
      frozen?.kill('SIGSTOP');
      const start = performance.now();
      const [survivor] = workers.children;
      await new Promise((resolve) => survivor?.on('exit', resolve));
      // The limit, not a speed: TensorFlow's heartbeat takes about 10 s.
      expect(performance.now() - start).toBeLessThan(60_000);
      expect(survivor?.exitCode).toBe(1);
      frozen?.kill('SIGKILL');
      const [ending] = await workers.done;
      expect(ending?.lines.join('\n')).toContain('Another worker was lost, or does not answer.');
    });

    it('says what is wrong with its surroundings, and exits with 1', async () => {
      const lone = async (options: Partial<WorkersOptions>, name = 'refused') => {
        const [ending] = await (await start(name, { ...common, ...options })).done;
        expect(ending?.code).toBe(1);
        return ending?.lines.join('\n');
      };
      expect(await lone({ data: inFolder('nowhere') })).toContain(
        'nowhere holds a directory of images for each class: 0, 1, 2. Received: no such directory.',
      );
      expect(await lone({ model: inFolder('data') })).toContain('has no functions for training');
      expect(await lone({}, 'small')).toContain('small exists. Give another --output, or remove it.');
      expect(await lone({ parts: 2 }, 'small-1')).toContain('split into 3 parts');
    });
  });
});
