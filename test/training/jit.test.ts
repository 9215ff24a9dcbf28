import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { SignetError } from '../../src/errors.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { chooseStep } from '../../src/training/steps/choose-step.js';
import { transformImages } from '../../src/training/augmentation/affine-transform.js';
import { fit, type FitOptions } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { SGD } from '../../src/training/optimizers/sgd.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { droppingModel, tinyDataset, tinyModel } from '../helpers/training/tiny-training.js';

type Options = Partial<FitOptions<tf.TensorContainer>>;

let images: string;

beforeAll(async () => {
  images = copyDigits(await temporaryFolderForAll(), { classes: 10, images: 30 }).train;
});

/** Two epochs of LeNet on 300 digits, whose last batch is smaller than the others. */
async function losses(options: Options): Promise<number[]> {
  const dataset = await imageDatasetFromDirectory(images, { imageSize: [28, 28], batchSize: 96, seed: 4 });
  expect(dataset.imageCount % 96).not.toBe(0);
  const model = new LenetModel({ classNames: dataset.classNames, seed: 4 });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new Adam({ learningRate: 0.001 }), loss: sparseCategoricalCrossentropy, metrics });
  const { history } = await fit(model, dataset, { epochs: 2, ...options });
  dataset.dispose();
  model.dispose();
  return [...(history.loss as number[]), ...(history.accuracy as number[])];
}

describe('jit', () => {
  it('trains alike by XLA, as a graph and op by op', { timeout: 300_000 }, async () => {
    const graph = await losses({ jit: 'graph' });
    for (const jit of ['xla', 'off'] as const) {
      const other = await losses({ jit });
      other.forEach((value, i) => expect(Math.abs(value - (graph[i] ?? NaN))).toBeLessThan(2e-3));
    }
  });

  it('draws the same at random by XLA, as a graph and op by op, and anew at every step', async () => {
    const lossesOf = async (jit: 'graph' | 'xla' | 'off') =>
      (await fit(droppingModel(), tinyDataset(1), { epochs: 6, jit })).history.loss as number[];
    const graph = await lossesOf('graph');
    for (const jit of ['xla', 'off'] as const) {
      const other = await lossesOf(jit);
      other.forEach((value, i) => expect(Math.abs(value - (graph[i] ?? NaN))).toBeLessThan(1e-4));
    }
    // With one draw forever the loss would fall smoothly: there is one batch.
    expect(graph.some((loss, i) => i > 0 && loss > (graph[i - 1] ?? NaN))).toBe(true);
  });

  it('runs a step op by op that cannot become a graph, and says why once', async () => {
    const notes: string[] = [];
    const reads = (labels: tf.Tensor, logits: tf.Tensor) => {
      logits.dataSync();
      return sparseCategoricalCrossentropy(labels, logits);
    };
    const onNote = (note: string) => notes.push(note);
    const { epoch } = await fit(tinyModel(tf.train.sgd(0.1), reads), tinyDataset(), { epochs: 2, onNote });
    expect(epoch).toEqual([0, 1]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^The training step cannot become a graph, so it runs op by op, .*: /);
  });

  it('keeps the graph for a training that is soon done', async () => {
    const notes: string[] = [];
    await fit(tinyModel(tf.train.sgd(0.1)), tinyDataset(40), { epochs: 1, onNote: (note) => notes.push(note) });
    expect(notes).toEqual([]);
  });
});

describe('chooseStep', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  /** A step that takes so many milliseconds and notes how it was run. */
  const ways = (graph: number, xla: number) => {
    const runs: string[] = [];
    const way = (name: string, milliseconds: number) => () => {
      vi.advanceTimersByTime(milliseconds);
      runs.push(name);
      return [];
    };
    return { runs, ways: { graph: way('graph', graph), xla: way('xla', xla) } };
  };
  const batch = (size: number) => [tf.zeros([size, 1])];
  const run = (step: (data: tf.Tensor[]) => unknown, sizes: readonly number[]) => {
    for (const size of sizes) step(batch(size));
  };
  const times = (count: number) => Array.from({ length: count }, () => 4);

  it.each([
    [4, 1, 'xla'],
    [1, 4, 'graph'],
  ])('keeps the faster of %d ms as a graph and %d ms by XLA when there is long to go', (graph, xla, kept) => {
    const { runs, ways: both } = ways(graph, xla);
    const notes: string[] = [];
    run(chooseStep(both, { jit: 'auto', steps: 1e6, onNote: (note) => notes.push(note) }).run, times(60));
    expect(runs.slice(0, 25)).toEqual(Array.from({ length: 25 }, () => 'graph'));
    // Four steps are clear enough; the first is the one in which XLA compiles.
    expect(runs.slice(25, 29)).toEqual(Array.from({ length: 4 }, () => 'xla'));
    expect(new Set(runs.slice(46))).toEqual(new Set([kept]));
    expect(notes).toEqual([expect.stringContaining(`${kept === 'xla' ? 'XLA' : 'the graph'} is kept`)]);
  });

  it('ends once finding out has cost 2 % of what is left, compiling included', () => {
    const { runs, ways: both } = ways(100, 104);
    let compiling = 12_000;
    const xla = () => {
      vi.advanceTimersByTime(compiling);
      compiling = 0;
      return both.xla();
    };
    // 2 % of 5,975 steps of 100 ms are 11.95 s.
    const { run: step } = chooseStep({ ...both, xla }, { jit: 'auto', steps: 6000, onNote: () => undefined });
    run(step, times(60));
    expect(runs.filter((way) => way === 'xla')).toHaveLength(2);
    expect(runs.at(-1)).toBe('graph');
  });

  it('measures few steps where they are long, and does not try XLA where 2 % are too few to compile in', () => {
    const long = ways(3000, 6700);
    run(chooseStep(long.ways, { jit: 'auto', steps: 1000, onNote: () => undefined }).run, times(30));
    expect(long.runs.indexOf('xla')).toBe(8);
    expect(long.runs.filter((way) => way === 'xla')).toHaveLength(4);
    const short = ways(100, 10);
    run(chooseStep(short.ways, { jit: 'auto', steps: 2000, onNote: () => undefined }).run, times(60));
    expect(new Set(short.runs)).toEqual(new Set(['graph']));
  });

  it('does not try XLA where its first step alone may take longer than 2 % of what is left', () => {
    // EfficientNet-Lite0, five epochs of 86 steps: 12 s with XLA.
    const { runs, ways: both } = ways(770, 12_000);
    run(chooseStep(both, { jit: 'auto', steps: 430, onNote: () => undefined }).run, times(60));
    expect(new Set(runs)).toEqual(new Set(['graph']));
  });

  it('does not try XLA when it is not known how long there is to go', () => {
    const { runs, ways: both } = ways(1, 1);
    run(chooseStep(both, { jit: 'auto', onNote: () => undefined }).run, times(60));
    expect(new Set(runs)).toEqual(new Set(['graph']));
  });

  it('compiles for one batch size', () => {
    const { runs, ways: both } = ways(0, 0);
    run(chooseStep(both, { jit: 'xla', onNote: () => undefined }).run, [4, 4, 3, 4]);
    expect(runs).toEqual(['xla', 'xla', 'graph', 'xla']);
  });

  it('goes on as it was chosen before, for the same batch size', () => {
    const options = { jit: 'auto', steps: 1e6, onNote: () => undefined } as const;
    const first = ways(4, 1);
    const chosen = chooseStep(first.ways, options);
    run(chosen.run, times(60));
    const kept = JSON.parse(JSON.stringify(chosen.saveState())) as unknown;
    expect(kept).toEqual({ jit: 'auto', kept: 'xla', batch: 4 });
    const { runs, ways: both } = ways(0, 0);
    const resumed = chooseStep(both, options);
    resumed.restoreState(kept);
    run(resumed.run, [3, 4, 4]);
    expect(runs).toEqual(['graph', 'xla', 'xla']);
    const otherwise = chooseStep(both, { ...options, jit: 'xla' });
    otherwise.restoreState(kept);
    run(otherwise.run, [3]);
    expect(runs.at(-1)).toBe('xla');
  });

  it('stays with the graph where XLA cannot compile, and says so once', () => {
    const { runs, ways: both } = ways(0, 0);
    const notes: string[] = [];
    const xla = () => {
      throw new SignetError(
        'TENSORFLOW_ERROR',
        'Detected unsupported operations when trying to compile on XLA_CPU_JIT',
      );
    };
    run(chooseStep({ ...both, xla }, { jit: 'xla', onNote: (note) => notes.push(note) }).run, [4, 4]);
    expect(runs).toEqual(['graph', 'graph']);
    expect(notes).toEqual([expect.stringMatching(/^XLA cannot compile the training step, which runs as a graph: /)]);
  });

  it("takes no other failure for XLA's", () => {
    const { runs, ways: both } = ways(0, 0);
    const xla = () => {
      throw new SignetError('TENSORFLOW_ERROR', 'OOM when allocating tensor of node train_xla/conv2d');
    };
    const { run: step } = chooseStep({ ...both, xla }, { jit: 'xla', onNote: () => undefined });
    expect(() => run(step, [4])).toThrow('OOM when allocating tensor');
    expect(runs).toEqual([]);
  });
});

describe('an op that XLA does not have', () => {
  it('makes the step run as a graph', async () => {
    const notes: string[] = [];
    const turned = (_: tf.Tensor, logits: tf.Tensor) => {
      const pixels = tf.reshape<tf.Rank.R4>(logits, [1, -1, 1, 1]);
      return tf.mean(transformImages(pixels, { a0: 1, a1: 0, a2: 0, b0: 0, b1: 1, b2: 0 }));
    };
    const model = tinyModel(new SGD());
    model.compile({ optimizer: model.optimizer, loss: sparseCategoricalCrossentropy, metrics: [turned] });
    const { epoch } = await fit(model, tinyDataset(1), { epochs: 2, jit: 'xla', onNote: (note) => notes.push(note) });
    expect(epoch).toEqual([0, 1]);
    expect(notes).toEqual([expect.stringMatching(/which runs as a graph: .*ImageProjectiveTransformV3/s)]);
  });
});
