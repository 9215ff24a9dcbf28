import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { packDataset } from '../../src/commands/pack-dataset/run.js';
import { parseHistory } from '../../src/evaluation/report/training-history.js';
import { readThresholds } from '../../src/models/classifier/read-thresholds.js';
import { coloredSquares } from '../helpers/data/colored-squares.js';
import { hasPython, python } from '../helpers/python/python.js';
import { runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 12 });
  process.env.SIGNET_PYTHON = python;
});

const train = (flags: Parameters<typeof toArguments>[0]) => {
  const paths = { 'train-dataset-path': digits.train, 'test-dataset-path': digits.test, 'model-folder-path': folder };
  return runCommandLine(
    'train-model',
    toArguments({ 'model-type': 'LenetModel', 'num-epochs': 2, ...paths, ...flags }),
  );
};

describe.skipIf(!hasPython())('train-model --workers', { timeout: 180_000 }, () => {
  it('makes an ordinary model directory, which eval-model and train-model take', async () => {
    const asked = { augment: 'flip,rotation=0.05,mixup', 'with-heatmap': true, 'target-accuracy': 0.9 } as const;
    const { code, stdout, stderr } = await train({ workers: 2, ...asked });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('workers on one machine share its processors, so this is not faster.');
    expect(stderr).toMatch(/^epoch 2\/2 - loss .* - val_accuracy [01]\.\d{4} - /m);
    const model = path.join(folder, 'LenetModel', '1');
    expect(stdout).toContain(`\nmodel          ${model}\n`);
    expect(
      readFileSync(path.join(model, 'assets.extra', 'history.csv'), 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(3);
    // What only training needs is not in it.
    const graph = readFileSync(path.join(model, 'saved_model.pb'), 'latin1');
    expect(graph).not.toContain('apply_gradients');
    for (const signature of ['serving_heatmap', 'serving_known']) expect(graph).toContain(signature);
    const confidence = await runCommandLine('show-model', ['--model-path', model]);
    expect(confidence.stdout).toContain('90');
    const evaluation = await runCommandLine('eval-model', ['--test-dataset-path', digits.test, '--model-path', model]);
    expect(evaluation.stdout).toContain(/^test accuracy +(\S+)$/m.exec(stdout)?.[1] ?? '-');
    const further = await train({ 'pretrained-weights': model, 'num-epochs': 1 });
    expect(further.stderr).toContain('weights of 5 layers');
    expect(further.code).toBe(0);
  });

  it('trains on the images of a list with its labels and splits, wherever they are', async () => {
    const rows = ['train', 'validation', 'test'].flatMap((split, i) =>
      [0, 1, 2].flatMap((digit) =>
        readdirSync(path.join(digits.train, String(digit)))
          .slice(4 * i, 4 * i + 4)
          .map((name) => `train/${digit}/${name},${digit === 0 ? 'zero' : 'other'},${split}`),
      ),
    );
    writeFileSync(path.join(folder, 'list.csv'), ['path,label,split', ...rows].join('\n'));
    const options = { 'model-type': 'LenetModel', 'num-epochs': 1, 'model-folder-path': folder, 'model-version': 30 };
    const list = { 'train-list': path.join(folder, 'list.csv'), workers: 2 };
    const { code, stderr } = await runCommandLine('train-model', toArguments({ ...options, ...list }));
    expect(code, stderr).toBe(0);
    const names = readFileSync(path.join(folder, 'LenetModel', '30', 'assets', 'class_names.txt'), 'utf8');
    expect(names).toBe('other\nzero\n');
    const report = readFileSync(path.join(folder, 'LenetModel', '30', 'assets.extra', 'report', 'report.html'), 'utf8');
    expect(report).toContain('list.csv: 12 images, 12 more for validation');
  });

  it('trains on shards to the weights that the folder gives', async () => {
    const packed = path.join(folder, 'packed');
    await packDataset({ datasetPath: digits.train, output: packed, format: 'webdataset', shardSize: 0.02 });
    const weights: Buffer[] = [];
    for (const [i, data] of [digits.train, packed].entries()) {
      const flags = { 'dataset-path': data, 'model-folder-path': folder, 'model-version': 40 + i, workers: 2 };
      const { code, stderr } = await runCommandLine('train-model', toArguments({ 'model-type': 'LenetModel', 'num-epochs': 1, ...flags })); // prettier-ignore
      expect(code, stderr).toBe(0);
      weights.push(readFileSync(path.join(folder, `LenetModel/${40 + i}/variables/variables.data-00000-of-00001`)));
    }
    expect(weights[1]?.equals(weights[0] ?? Buffer.alloc(0))).toBe(true);
  });

  // MixUp mixes within each worker's part of a batch, so that several workers have other pictures.
  it.each([
    [1, { augment: 'brightness=0.1,mixup' }],
    [2, {}],
  ])(
    'trains on images that may have several classes as one process does, and chooses their thresholds: %i',
    async (count, own) => {
      const [trained, tested] = [await coloredSquares(folder, `squares-${count}`, 48, 1), await coloredSquares(folder, `others-${count}`, 24, 2)]; // prettier-ignore
      const common = {
        'model-type': 'LenetModel',
        'num-epochs': 2,
        'batch-size': 8,
        'learning-rate': 0.005,
        jit: 'graph',
      };
      const changes = { 'class-weights': 'balanced', 'label-smoothing': 0.1, ...own };
      const lists = { 'train-list': trained.list, 'test-list': tested.list };
      const run = (more: Parameters<typeof toArguments>[0]) =>
        runCommandLine('train-model', toArguments({ ...common, ...changes, ...lists, ...more }), 100_000);
      const [alone, workers] = [path.join(folder, `alone-${count}`), path.join(folder, `several-${count}`)];
      const one = await run({ 'model-folder-path': alone });
      expect(one.code, one.stderr).toBe(0);
      const { code, stdout, stderr } = await run({ 'model-folder-path': workers, workers: count });
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/^test mAP +[01]\.\d{4}$/m);
      const [ours, theirs] = [alone, workers].map((models) => parseHistory(readFileSync(path.join(models, 'LenetModel/1/assets.extra/history.csv'), 'utf8')).columns); // prettier-ignore
      for (const [name, values] of ours ?? []) {
        values.forEach((value, i) =>
          expect(Math.abs((theirs?.get(name)?.[i] ?? NaN) - (value ?? NaN)), name).toBeLessThan(1e-6),
        );
      }
      const [a, b] = await Promise.all(
        [alone, workers].map((models) => readThresholds(path.join(models, 'LenetModel/1'), 3)),
      );
      a?.forEach((threshold, i) => expect(b?.[i]).toBeCloseTo(threshold, 3));
      expect(a?.every((threshold) => threshold !== 0.5)).toBe(true);
    },
  );

  it('says which worker failed and why, and leaves no model', async () => {
    const wrapper = path.join(folder, 'python.sh');
    const failing = `case "$TF_CONFIG" in *'"index":1'*) echo 'there is no room for me' >&2; exit 3;; esac`;
    writeFileSync(wrapper, `#!/bin/sh\n${failing}\nexec '${python}' "$@"\n`, { mode: 0o755 });
    process.env.SIGNET_PYTHON = wrapper;
    const { code, stderr } = await train({ workers: 2, 'open-worker-ports': true, 'model-version': 9 });
    expect(code).toBe(1);
    expect(stderr).toContain('train-model: Worker 1 of 2 failed; no model was saved. there is no room for me');
    expect(existsSync(path.join(folder, 'LenetModel', '9'))).toBe(false);
  });

  it('says how to come by TensorFlow where Python lacks it, before anything long begins', async () => {
    process.env.SIGNET_PYTHON = 'python-that-is-not-there';
    const { code, stderr } = await train({ workers: 2 });
    expect(code).toBe(1);
    expect(stderr).toContain('python-that-is-not-there is not on the PATH.');
    expect(stderr).toContain('SIGNET_PYTHON=tf/bin/python');
  });
});

describe('train-model --export-training', () => {
  it('exports and does not train', async () => {
    const directory = path.join(folder, 'export');
    const { code, stdout, stderr } = await train({ 'export-training': directory, augment: 'rotation=0.1' });
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`\nmodel          ${directory}, not trained\n`);
    const graph = readFileSync(path.join(directory, 'saved_model.pb'), 'latin1');
    expect(graph).toContain('apply_gradients');
    expect(graph).toContain('ImageProjectiveTransformV3');
    expect((await train({ 'export-training': directory })).stderr).toContain(`${directory} exists.`);
  });

  it.each([
    [
      { 'learning-rate-schedule': 'plateau', tensorboard: 'logs' },
      'Leave out: --learning-rate-schedule plateau, --tensorboard.',
    ],
    [{ workers: 2 }, '--workers trains, --export-training does not: give one of them.'],
  ])('refuses %j', async (flags, words) => {
    const { code, stderr } = await train({ 'export-training': path.join(folder, 'refused'), ...flags });
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});
