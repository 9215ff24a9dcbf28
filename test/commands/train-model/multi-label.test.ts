import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { evalModel } from '../../../src/commands/eval-model/run.js';
import { evalModelText } from '../../../src/commands/eval-model/print.js';
import { predictImage } from '../../../src/commands/predict-image/run.js';
import { predictImageText } from '../../../src/commands/predict-image/print.js';
import { resumeTraining } from '../../../src/commands/train-model/resume-training.js';
import { trainModel, type TrainModelResult } from '../../../src/commands/train-model/run.js';
import { trainModelText } from '../../../src/commands/train-model/print.js';
import { ImageDataset } from '../../../src/data/dataset/image-dataset.js';
import { listSource } from '../../../src/data/source/dataset-source.js';
import { isMultiLabelResult } from '../../../src/evaluation/multi-label/multi-label-metrics.js';
import { chooseThresholds, evaluateMultiLabel } from '../../../src/evaluation/multi-label/evaluate-multi-label.js';
import { readThresholds } from '../../../src/models/classifier/read-thresholds.js';
import { loadKerasWeights } from '../../../src/models/keras/load-keras-weights.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { loadModel } from '../../../src/models/load-model.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { stringVector } from '../../../src/ops/strings.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { type ColoredSquares, coloredSquares } from '../../helpers/data/colored-squares.js';
import { serializedExamples } from '../../helpers/data/serialized-examples.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
let train: ColoredSquares;
let test: ColoredSquares;
let trained: TrainModelResult;
/** What `train-model` said in the end. */
let said: string;
const inFolder = (...names: string[]) => path.join(folder, ...names);

/** One training for all tests: with all that a training may have, and interrupted after its first epoch. */
beforeAll(async () => {
  folder = await temporaryFolderForAll();
  train = await coloredSquares(folder, 'train', 80, 1);
  test = await coloredSquares(folder, 'test', 40, 2);
  const muted = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const callbacks = inFolder('callbacks.mjs');
  writeFileSync(callbacks, "export default { onEpochBegin: (epoch) => { if (epoch === 1) throw new Error('no room'); } };"); // prettier-ignore
  const options = {
    ...{ trainList: train.list, testList: test.list, modelType: 'LenetModel', modelFolderPath: inFolder('models') },
    ...{ numEpochs: 8, batchSize: 8, learningRate: 0.005, seed: 4, jit: 'graph' as const },
    ...{ classWeights: 'balanced' as const, labelSmoothing: 0.05, augment: 'brightness=0.1,mixup=0.1' },
  };
  await expect(trainModel({ ...options, callbacks })).rejects.toThrow('no room');
  const working = inFolder('working.mjs');
  writeFileSync(working, 'export default { onEpochEnd: () => undefined };');
  trained = await resumeTraining({ modelFolderPath: inFolder('models'), callbacks: working });
  said = trainModelText(trained);
  muted.mockRestore();
});

describe('a multi-label training', () => {
  it('finds the classes where the truth is known, and says so by mean average precision', () => {
    expect(trained.test?.meanAveragePrecision).toBeGreaterThan(0.99);
    expect(said).toMatch(/test mAP +(?:0\.99|1\.00)/);
    expect(said).not.toContain('accuracy');
  });

  it('keeps the epoch with the least loss on the validation', () => {
    const [names = '', ...rows] = readFileSync(path.join(trained.directory, 'assets.extra/history.csv'), 'utf8').trim().split('\n'); // prettier-ignore
    const losses = rows.map((row) => Number(row.split(',')[names.split(',').indexOf('val_loss')]));
    expect(losses).toHaveLength(8);
    expect(trained.bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
  });

  it('saves a threshold for each class that was chosen on the validation', async () => {
    const thresholds = await readThresholds(trained.directory, 3);
    expect(Array.from(thresholds).every((each) => each > 0 && each < 1 && each !== 0.5)).toBe(true);
    const model = await loadModel(trained.directory);
    expect(model.multiLabel).toBe(true);
    expect(model.thresholds?.arraySync()).toEqual(Array.from(thresholds));
    model.dispose();
    await expect(readThresholds(trained.directory, 4)).rejects.toThrow('float32[4], is missing');
  });

  it('is what another training can start from', async () => {
    const model = new LenetModel({ classNames: ['blue', 'green', 'red'], multiLabel: true });
    const { kept, leftAside } = await loadKerasWeights(model, trained.directory);
    expect([kept, leftAside]).toEqual([[], []]);
    model.dispose();
  });

  it('is loaded, evaluated in memory and given other thresholds', async () => {
    const before = tf.memory().numTensors;
    const model = await loadModel(trained.directory);
    const scan = await listSource(test.list).scan();
    const dataset = await ImageDataset.create(scan, { shuffle: false });
    const { result } = await evaluateMultiLabel(model, dataset);
    expect(result.meanAveragePrecision).toBe(trained.test?.meanAveragePrecision);
    model.thresholds?.assign(tf.tensor1d([0.999, 0.999, 0.999]));
    const strict = (await evaluateMultiLabel(model, dataset)).result;
    expect(strict.meanAveragePrecision).toBe(result.meanAveragePrecision);
    await chooseThresholds(model, dataset);
    const best = (await evaluateMultiLabel(model, dataset)).result;
    const f1 = (of: typeof best) => of.perClass.map((each) => each.f1 ?? 0);
    f1(best).forEach((each, i) =>
      expect(each).toBeGreaterThanOrEqual(Math.max(f1(strict)[i] ?? 0, f1(result)[i] ?? 0)),
    );
    model.dispose();
    dataset.dispose();
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 1);
  });

  it('gives sigmoid probabilities in every signature that gives probabilities', async () => {
    const loaded = await LoadedSavedModel.load(trained.directory);
    afterAll(() => loaded.dispose());
    const files = test.paths.slice(0, 5).map((file) => readFileSync(file));
    const bytes = { image_bytes_string: stringVector(files) };
    const logits = loaded.call('serving_bytes', bytes).output_0 as tf.Tensor2D;
    const expected = tf.sigmoid(logits).arraySync();
    const examples = serializedExamples(files.map((file) => ({ 'image/encoded': file })));
    const { scores } = loaded.call('serving_classify', { inputs: examples });
    expect(scores?.arraySync()).toEqual(expected);
    const labels = loaded.call('serving_labels', bytes);
    const [probability, index, threshold, present] = ['probability', 'class_index', 'threshold', 'present'].map((name) => labels[name]?.arraySync() as number[][]); // prettier-ignore
    const saved = await readThresholds(trained.directory, 3);
    for (const [i, row] of (index ?? []).entries()) {
      expect([...row].sort()).toEqual([0, 1, 2]);
      expect(probability?.[i]).toEqual(row.map((label) => expected[i]?.[label]));
      expect(threshold?.[i]).toEqual(row.map((label) => saved[label]));
      expect(present?.[i]).toEqual(
        row.map((_, k) => Number((probability?.[i]?.[k] ?? 0) >= (threshold?.[i]?.[k] ?? 1))),
      );
    }
  });
});

describe('eval-model', () => {
  it('evaluates both signatures of a multi-label model, and takes a list of single labels too', async () => {
    const evaluated = await evalModel({
      testList: test.list,
      modelPath: trained.directory,
      report: inFolder('report'),
    });
    const { serving_default: result, serving_bytes: other } = evaluated.signatures;
    if (!isMultiLabelResult(result)) throw new Error('The model is multi-label.');
    expect(result.meanAveragePrecision).toBeCloseTo(trained.test?.meanAveragePrecision ?? NaN, 6);
    expect(other).toMatchObject({ meanAveragePrecision: result.meanAveragePrecision });
    expect(result.perClass.map(({ className, support }) => [className, support])).toEqual(
      ['blue', 'green', 'red'].map((name, i) => [name, test.truth.filter((row) => row[i]).length]),
    );
    expect(evalModelText(evaluated)).toMatch(/signature +images +mAP +F1 +exact +loss/);
    expect(evalModelText(evaluated)).toMatch(/class +AP +precision +recall +f1 +threshold +images\n *blue /);
    const page = readFileSync(inFolder('report/report.html'), 'utf8');
    expect(page).toContain('<dt>mAP</dt>');
    expect(page).not.toContain('Confusion matrix');
    expect(existsSync(inFolder('report/confusion-matrix.svg'))).toBe(false);

    const onlyRed = test.truth.findIndex(([blue, green, red]) => red && !blue && !green);
    writeFileSync(inFolder('single.jsonl'), `${JSON.stringify({ path: test.paths[onlyRed], label: 'red' })}\n`);
    const single = await evalModel({ testList: inFolder('single.jsonl'), modelPath: trained.directory });
    expect(single.signatures.serving_bytes.images).toBe(1);
  });
});

describe('predict-image', () => {
  it('says which classes an image has, and their thresholds', async () => {
    const { images } = await predictImage({ files: test.paths.slice(0, 6), modelPath: trained.directory, topK: 1 });
    const found = images.map((image) => ('labels' in image ? image.labels : []));
    const right = found.filter((labels, i) => {
      const names = labels.filter(({ present }) => present).map(({ name }) => name);
      return ['blue', 'green', 'red'].every((name, k) => names.includes(name) === test.truth[i]?.[k]);
    });
    expect(right.length).toBeGreaterThanOrEqual(4);
    const several = found.find((labels) => labels.length > 1) ?? [];
    const text = predictImageText({ model: '', modelVersion: null, images: [{ file: 'a.png', labels: several }] });
    expect(text).toMatch(/^a\.png\n {2}\w+ +[\d.]+ +present +threshold 0\.\d{4}\n/);
  });
});
