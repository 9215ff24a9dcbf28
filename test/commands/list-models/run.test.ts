import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { listModels, type ListModelsResult } from '../../../src/commands/list-models/run.js';
import { listModelsText } from '../../../src/commands/list-models/print.js';
import { keepEvaluation, readKeptEvaluation } from '../../../src/commands/train-model/kept-evaluation.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { runCommandLine } from '../../helpers/run-command-line.js';
import { runInProcess } from '../../helpers/run-in-process.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const tiny = 'examples/custom-model/tiny-model.ts#TinyModel';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const lenet = new LenetModel({ classNames: ['ant', 'bee', 'cat'], inputHeight: 32, seed: 1 });
  await lenet.save(path.join(folder, 'LenetModel', '1'));
  await cp(path.join(folder, 'LenetModel', '1'), path.join(folder, 'LenetModel', '12'), { recursive: true });
  await rm(path.join(folder, 'LenetModel', '12', 'variables', 'variables.data-00000-of-00001'));
  await cp(path.join(folder, 'LenetModel', '1'), path.join(folder, 'huge', '1'), { recursive: true });
  const description = { modelType: 'LenetModel', inputHeight: 10_000, inputWidth: 10_000 };
  await writeFile(path.join(folder, 'huge', '1', 'assets.extra', 'signet.json'), JSON.stringify(description));
  await mkdir(path.join(folder, 'no model', '1'), { recursive: true });
  await mkdir(path.join(folder, 'no versions'));
  await saveScale(path.join(folder, 'scale'), 3);
});

describe('listModels', () => {
  it("has Keras's numbers of parameters for every architecture", async () => {
    const { architectures, savedModels } = await listModels({ measure: false });
    const facts = architectures.map(({ name, classes, imageSize, parameters }) => [name, classes, imageSize, parameters]); // prettier-ignore
    // Source: the table of keras.io/api/applications; of LeNet and EfficientNet-Lite, the fixtures. MobileNetV3's own head is not Keras's.
    expect(facts).toEqual([
      ['EfficientNetLiteModel', 1000, [224, 224], 4_694_024],
      ['EfficientNetV2Model', 1000, [224, 224], 7_200_312],
      ['InceptionModel', 1000, [299, 299], 23_851_784],
      ['LenetModel', 10, [28, 28], 110_390],
      ['MobileNetModel', 1000, [224, 224], 3_538_984],
      ['MobileNetV3Model', 1000, [224, 224], 3_957_352],
      ['ResnetModel', 1000, [224, 224], 25_613_800],
    ]);
    for (const each of architectures) expect([each.bytesOnDisk, each.millisecondsPerImage]).toEqual([null, null]);
    expect(savedModels).toBeNull();
  });

  it('looks for published weights in the cache', async () => {
    vi.stubEnv('SIGNET_CACHE', await temporaryFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    const found = async () => {
      const { architectures } = await listModels({ measure: false });
      return Object.fromEntries(architectures.map((each) => [each.name, each.cachedWeights]));
    };
    const none = { backbone: false, withHead: false };
    const before = {
      EfficientNetLiteModel: none,
      EfficientNetV2Model: none,
      InceptionModel: none,
      LenetModel: null,
      MobileNetModel: none,
      MobileNetV3Model: none,
      ResnetModel: none,
    };
    expect(await found()).toEqual(before);
    const weights = path.join(process.env.SIGNET_CACHE ?? '', 'weights');
    await mkdir(weights);
    await writeFile(path.join(weights, 'resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5'), '');
    await writeFile(path.join(weights, 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5'), '');
    await writeFile(path.join(weights, 'inception_v3_weights_tf_dim_ordering_tf_kernels.h5.part'), '');
    expect(await found()).toEqual({
      ...before,
      ResnetModel: { backbone: true, withHead: false },
      MobileNetModel: { backbone: false, withHead: true },
    });
  });

  it("writes and runs what it measures, a user's class too, and leaves nothing behind", async () => {
    const tensors = tf.memory().numTensors;
    const { architectures } = await listModels({ modelType: tiny, measure: true });
    expect(architectures).toHaveLength(1);
    const [{ name, parameters, bytesOnDisk, millisecondsPerImage } = nothing] = architectures;
    expect(name).toBe('TinyModel');
    expect(bytesOnDisk).toBeGreaterThan(4 * (parameters ?? Infinity));
    expect(millisecondsPerImage).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('lists every version in a folder: classifiers, others and damaged ones', async () => {
    const progress: string[] = [];
    const onProgress = (name: string) => progress.push(name);
    const { savedModels } = await listModels({ modelType: tiny, modelFolder: folder, measure: true, onProgress });
    const [torn, lenet, huge, none, scale] = savedModels ?? [];
    expect(savedModels).toHaveLength(5);
    expect(lenet).toMatchObject({ name: 'LenetModel/1', modelType: 'LenetModel', classes: 3, imageSize: [32, 28], problem: null }); // prettier-ignore
    expect(lenet?.millisecondsPerImage).toBeGreaterThan(0);
    expect(lenet?.bytesOnDisk).toBeGreaterThan(4 * (lenet?.parameters ?? Infinity));
    expect(torn).toMatchObject({ name: 'LenetModel/12', classes: 3, millisecondsPerImage: null });
    expect(torn?.problem).toContain('variables.data-00000-of-00001');
    expect(none).toMatchObject({ name: 'no model/1', parameters: null, bytesOnDisk: null });
    expect(none?.problem).toContain('saved_model.pb');
    expect(scale).toMatchObject({ name: 'scale/3', modelType: null, classes: null, imageSize: null, problem: null, millisecondsPerImage: null }); // prettier-ignore
    // It says of itself that its images have 1.2 GB.
    expect(huge).toMatchObject({ name: 'huge/1', imageSize: [10_000, 10_000], millisecondsPerImage: null });
    expect(progress.slice(0, 2)).toEqual(['12', '1'].map((version) => path.join(folder, 'LenetModel', version)));
    const own = await listModels({ modelType: tiny, modelFolder: path.join(folder, 'scale'), measure: false });
    expect(own.savedModels?.map(({ name }) => name)).toEqual(['scale/3']);
    // The size of what is on disk anyway needs no measurement.
    expect(own.savedModels?.[0]).toMatchObject({ bytesOnDisk: scale?.bytesOnDisk, millisecondsPerImage: null });
    expect(own.architectures[0]).toMatchObject({ bytesOnDisk: null, millisecondsPerImage: null });
    await expect(listModels({ modelFolder: `${folder}/gone`, measure: false })).rejects.toThrow('gone is not a folder');
  });
});

const nothing = { name: '', parameters: null, bytesOnDisk: null, millisecondsPerImage: null };

describe('list-models', () => {
  it('prints a table of 80 columns', () => {
    const facts = { classes: 1000, imageSize: [299, 299], parameters: 23_851_784, bytesOnDisk: 96_500_000 } as const;
    const inception = {
      ...facts,
      name: 'InceptionModel',
      millisecondsPerImage: 123.45,
      cachedWeights: { backbone: false, withHead: true },
    };
    const nulls = { classes: null, imageSize: null, parameters: null, bytesOnDisk: null, millisecondsPerImage: null };
    const broken = {
      ...nulls,
      directory: 'x',
      modelType: null,
      arguments: {},
      evaluation: null,
      problem: 'it is\n\x1b[31mdamaged.',
    };
    const result: ListModelsResult = {
      architectures: [
        inception,
        { ...nulls, name: 'ResnetModel', cachedWeights: { backbone: false, withHead: false } },
        { ...nulls, name: 'TinyModel', cachedWeights: null },
      ],
      savedModels: [
        { ...facts, name: 'photographs of the harbour/12', millisecondsPerImage: 0.1234, directory: 'y', modelType: 'InceptionModel', arguments: {}, evaluation: null, problem: null }, // prettier-ignore
        { ...broken, name: 'other/1' },
      ],
    };
    const text = listModelsText(result, 80);
    expect(text).toBe(
      [
        'architecture    classes      input  parameters   on disk  ms/image  weights',
        'InceptionModel     1000  299 x 299  23,851,784  92.0 MiB     123.5   cached',
        'ResnetModel           -          -           -         -         -  not yet',
        'TinyModel             -          -           -         -         -        -',
        '',
        'saved model                        input  parameters   on disk  ms/image',
        'photographs of the harbour/12  299 x 299  23,851,784  92.0 MiB      0.12',
        'other/1                                -           -         -         -',
        'other/1 cannot be used: it is\\n\\x1b[31mdamaged.',
        '',
        'ms/image: one image at a time, compiled, on this machine.',
        'weights: published ones for ImageNet, in the cache or not yet there',
        '(train-model --pretrained-weights imagenet, build-model --weights imagenet).',
        '',
      ].join('\n'),
    );
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows what trainings found, and when', () => {
    const facts = { classes: 2, imageSize: [8, 8], parameters: 100, bytesOnDisk: 2048, millisecondsPerImage: null } as const; // prettier-ignore
    const listing = { ...facts, directory: 'x', modelType: 'TinyModel', arguments: {}, problem: null };
    const date = '2026-03-01T12:30:00.000Z';
    const savedModels = [
      { ...listing, name: 'TinyModel/1', evaluation: { accuracy: 0.91234, date } },
      { ...listing, name: 'TinyModel/2', evaluation: { accuracy: 0.9, meanAveragePrecision: 0.85, date } },
      { ...listing, name: 'TinyModel/3', evaluation: null },
    ];
    const text = listModelsText({ architectures: [], savedModels }, 100);
    expect(text.split('\n').slice(2, 6).join('\n')).toMatchInlineSnapshot(`
      "saved model  classes  input  parameters  on disk  ms/image    accuracy  trained
      TinyModel/1        2  8 x 8         100  2.0 KiB         -      0.9123  2026-03-01
      TinyModel/2        2  8 x 8         100  2.0 KiB         -  mAP 0.8500  2026-03-01
      TinyModel/3        2  8 x 8         100  2.0 KiB         -           -  -"
    `);
  });

  it('leaves out columns rather than cutting the version off a name', () => {
    const facts = { classes: 10, imageSize: [224, 224], parameters: 3_553_834, bytesOnDisk: 2048, millisecondsPerImage: 10.5 } as const; // prettier-ignore
    const evaluation = { accuracy: 0.8, date: '2026-03-01T12:30:00.000Z' };
    const listing = { ...facts, directory: 'x', modelType: 'EfficientNetLiteModel', arguments: {}, evaluation, problem: null }; // prettier-ignore
    const savedModels = ['EfficientNetLiteModel/1', 'EfficientNetLiteModel/12'].map((name) => ({ ...listing, name }));
    const text = listModelsText({ architectures: [], savedModels }, 80);
    expect(text.split('\n').slice(2, 5).join('\n')).toMatchInlineSnapshot(`
      "saved model                   input  on disk  ms/image  accuracy  trained
      EfficientNetLiteModel/1   224 x 224  2.0 KiB      10.5    0.8000  2026-03-01
      EfficientNetLiteModel/12  224 x 224  2.0 KiB      10.5    0.8000  2026-03-01"
    `);
  });

  it('reads what a training found as its model directory keeps it, and nothing else', async () => {
    const directory = await temporaryFolder();
    await mkdir(path.join(directory, 'assets.extra'));
    const evaluation = { accuracy: 0.5, date: '2026-03-01T12:30:00.000Z' };
    await keepEvaluation(directory, evaluation);
    expect(await readKeptEvaluation(directory)).toEqual(evaluation);
    await keepEvaluation(directory, { ...evaluation, accuracy: 7 });
    expect(await readKeptEvaluation(directory)).toBeNull();
    expect(await readKeptEvaluation(path.join(directory, 'none'))).toBeNull();
  });

  it('prints JSON on standard output and what it does on standard error', async () => {
    const { code, stdout, stderr } = await runCommandLine('list-models', ['--json', '--model-type', tiny]);
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('measuring TinyModel\n');
    const { architectures } = JSON.parse(stdout) as ListModelsResult;
    expect(architectures[0]).toMatchObject({ name: 'TinyModel', imageSize: [28, 28], cachedWeights: null });
  });

  it('says so when there is no model in the folder', async () => {
    const empty = await temporaryFolder();
    const flags = ['--no-measure', '--model-type', 'LenetModel', '--model-folder', empty];
    const { code, stdout, stderr } = await runInProcess('list-models', flags);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('no saved models in that folder');
  });
});
