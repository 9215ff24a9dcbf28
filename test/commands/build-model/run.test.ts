import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { buildModelText } from '../../../src/commands/build-model/print.js';
import { buildModel, type BuildModelOptions } from '../../../src/commands/build-model/run.js';
import { showModelText } from '../../../src/commands/show-model/print.js';
import { showModel } from '../../../src/commands/show-model/run.js';
import { loadModel } from '../../../src/models/load-model.js';
import { MobileNetModel } from '../../../src/models/mobile-net-model.js';
import { stringVector } from '../../../src/ops/strings.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { serveFile } from '../../helpers/servers/file-server.js';
import { kerasImage, setKerasWeights } from '../../helpers/models/keras-weights.js';
import { runCommandLine, toArguments } from '../../helpers/run-command-line.js';
import { runInProcess } from '../../helpers/run-in-process.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { writeLegacyWeights } from '../../helpers/models/write-legacy-weights.js';

const fixtures = 'test/fixtures/keras';
const digits = Array.from('0123456789', (digit) => `digit ${digit}`);
/** As ImageNet has them: names with commas, and twice the same. */
const thousand = Array.from({ length: 1000 }, (_, i) => (i === 517 ? 'class 134, a crane' : `class ${i}, a crane`));
const small = { inputHeight: 32, inputWidth: 32, alpha: 0.35 };

let folder: string;
/** A MobileNetModel with the 1000 classes, and its weights as Keras Applications publishes them. */
let source: MobileNetModel;
let publishedWeights: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  source = new MobileNetModel({ classNames: thousand, includeTop: true, ...small });
  setKerasWeights(source, (values, shape) => tf.tensor(values, shape));
  publishedWeights = path.join(folder, 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224.h5');
  await writeLegacyWeights(source, publishedWeights);
  await writeFile(inFolder('digits.txt'), digits.join('\n'));
  await writeFile(inFolder('thousand.txt'), `\ufeff${thousand.join('\r\n')}\r\n`);
});

function inFolder(name: string): string {
  return path.join(folder, name);
}

function build(options: Partial<BuildModelOptions>): ReturnType<typeof buildModel> {
  const weights = `${fixtures}/lenet.legacy.h5`;
  const usual = { modelType: 'LenetModel', weights, labels: inFolder('digits.txt'), overwrite: false };
  return buildModel({ ...usual, modelFolder: inFolder('models'), ...options });
}

describe('buildModel', () => {
  it.each(['lenet.legacy.h5', 'lenet.weights.h5', 'lenet.keras'])(
    'serves with the weights of %s what Keras computes',
    async (file) => {
      const { output_values } = JSON.parse(await readFile(`${fixtures}/lenet.json`, 'utf8')) as {
        output_values: number[][];
      };
      const modelFolder = inFolder(`models of ${file}`);
      const built = await build({ weights: `${fixtures}/${file}`, modelFolder });
      const directory = path.join(modelFolder, 'LenetModel', '1');
      expect(built).toEqual({ directory, modelType: 'LenetModel', classes: 10, parameters: 110_390, imageSize: [28, 28], multiLabel: false }); // prettier-ignore
      const served = await LoadedSavedModel.load(directory);
      const image = tf.tensor(kerasImage(28, 28), [1, 28, 28, 3]);
      const logits = served.call('serving_default', { input_tensor: image }).output_0?.dataSync() ?? [];
      output_values.flat().forEach((value, i) => expect(Math.abs(value - (logits[i] ?? NaN))).toBeLessThan(1e-4));
      served.dispose();
    },
  );

  it('makes a model of the 1000 classes that Keras Applications has, with its layer "predictions"', async () => {
    const labels = inFolder('thousand.txt');
    const { directory } = await build({ modelType: 'MobileNetModel', weights: publishedWeights, labels, ...small });
    const image = tf.tensor(kerasImage(32, 32), [1, 32, 32, 3]);
    const expected = source.predictNumpyImage(image).dataSync();
    const served = await LoadedSavedModel.load(directory);
    const logits = served.call('serving_default', { input_tensor: image }).output_0?.dataSync() ?? [];
    expect(logits).toHaveLength(1000);
    expect(Math.max(...expected.map((value, i) => Math.abs(value - (logits[i] ?? NaN))))).toBeLessThan(1e-4);
    const raw = { width: 32, height: 32, channels: 3 as const };
    const png = await sharp(Uint8Array.from(kerasImage(32, 32)), { raw })
      .png()
      .toBuffer();
    const best = served.call('serving_labels', { image_bytes_string: stringVector([png]) });
    const bestIndex = Array.from(expected).indexOf(Math.max(...expected));
    expect(best.class_index?.dataSync()[0]).toBe(bestIndex);
    expect(String(best.class_name?.dataSync()[0])).toBe(thousand[bestIndex]);
    served.dispose();

    const loaded = await loadModel(directory);
    expect(loaded.layers.at(-1)?.name).toBe('predictions');
    expect(loaded.classNames).toEqual(thousand);
    expect(loaded.predictNumpyImage(image).dataSync()).toEqual(expected);
  });

  it("makes one of MobileNetV2's older names, with a label for every class of its layer `Logits`", async () => {
    const weights = inFolder('older.h5');
    await writeLegacyWeights(source, weights, (name) => (name === 'predictions' ? 'Logits' : `mobl${name}`));
    const options = { modelType: 'MobileNetModel', weights, ...small };
    await expect(build(options)).rejects.toThrow('has 1000 classes in its layer "Logits". Received in');
    const built = await loadModel((await build({ ...options, labels: inFolder('thousand.txt') })).directory);
    expect(built.layers.at(-1)?.name).toBe('predictions');
    expect(built.layers.at(-1)?.getWeights()[0]?.dataSync()).toEqual(source.layers.at(-1)?.getWeights()[0]?.dataSync());
  });

  it('downloads the weights of Keras Applications by name, once', async () => {
    const content = await readFile(publishedWeights);
    const server = await serveFile(() => content);
    vi.stubEnv('SIGNET_CACHE', inFolder('cache'));
    vi.stubEnv('SIGNET_WEIGHTS_URL', server.url);
    onTestFinished(() => void vi.unstubAllEnvs());
    const options = { modelType: 'MobileNetModel', weights: 'imagenet', labels: inFolder('thousand.txt'), ...small };
    const [{ directory }] = [await build(options), await build(options)];
    expect(server.requests).toEqual(['/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224.h5']);
    const loaded = await loadModel(directory);
    const image = tf.tensor(kerasImage(32, 32), [1, 32, 32, 3]);
    expect(loaded.predictNumpyImage(image).dataSync()).toEqual(source.predictNumpyImage(image).dataSync());
  });

  it("takes the weights of a SavedModel's directory", async () => {
    const directory = inFolder('source');
    await source.save(directory);
    const options = { modelType: 'MobileNetModel', weights: directory, labels: inFolder('thousand.txt'), ...small };
    const built = await loadModel((await build(options)).directory);
    expect(built.layers.at(-1)?.getWeights()[0]?.dataSync()).toEqual(source.layers.at(-1)?.getWeights()[0]?.dataSync());
  });

  it('gives each class a probability of its own with --multi-label, and keeps the thresholds of a model that has them', async () => {
    const modelFolder = inFolder('several');
    const built = await build({ modelFolder, multiLabel: true });
    expect(built.multiLabel).toBe(true);
    expect(buildModelText(built, modelFolder)).toContain('classes        10, of which an image may have several\n');
    const shown = await showModel({ modelPath: built.directory });
    expect(shown.classifier?.multiLabel).toBe(true);
    expect(showModelText(shown)).toContain(
      '  LenetModel, multi-label (an image may have several classes, or none), images of 28 x 28\n',
    );
    const model = await loadModel(built.directory);
    expect(Array.from(model.thresholds?.dataSync() ?? [])).toEqual(Array<number>(10).fill(0.5));
    model.thresholds?.assign(tf.linspace(0.1, 0.9, 10));
    const weights = inFolder('chosen');
    await model.save(weights);
    const again = await loadModel((await build({ modelFolder, weights })).directory);
    expect(again.multiLabel).toBe(true);
    expect(again.thresholds?.arraySync()).toEqual(model.thresholds?.arraySync());
    const image = tf.tensor(kerasImage(28, 28), [1, 28, 28, 3]);
    expect(again.predictNumpyImage(image).dataSync()).toEqual(model.predictNumpyImage(image).dataSync());
  });

  it('takes the next version, or the one that is wanted, and replaces one only when told to', async () => {
    const modelFolder = inFolder('versions');
    expect((await build({ modelFolder })).directory).toBe(path.join(modelFolder, 'LenetModel', '1'));
    expect((await build({ modelFolder, modelVersion: 7 })).directory).toBe(path.join(modelFolder, 'LenetModel', '7'));
    expect((await build({ modelFolder })).directory).toBe(path.join(modelFolder, 'LenetModel', '8'));
    await expect(build({ modelFolder, modelVersion: 7 })).rejects.toMatchObject({ code: 'MODEL_EXISTS' });
    await build({ modelFolder, modelVersion: 7, overwrite: true });
  });

  it('takes a version each when several are built at once', async () => {
    const modelFolder = inFolder('at once');
    const built = await Promise.all([1, 2, 3].map(() => build({ modelFolder })));
    expect(built.map(({ directory }) => path.basename(directory)).sort()).toEqual(['1', '2', '3']);
    const given = await Promise.allSettled([1, 2].map(() => build({ modelFolder, modelVersion: 5 })));
    expect(given.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it.each<[string, () => Promise<Partial<BuildModelOptions>>, string, string]>([
    ['labels for other classes', async () => ({ labels: await written('nine.txt', digits.slice(1).join('\n')) }), 'CLASSES_DIFFER', 'has 10 classes in its layer "logits". Received in FOLDER/nine.txt: 9 labels.'],
    ["TensorFlow's labels of ImageNet, with a background", async () => ({ modelType: 'MobileNetModel', weights: publishedWeights, ...small, labels: await written('1001.txt', ['background', ...thousand].join('\n')) }), 'CLASSES_DIFFER', '1001 labels. If its first line is a "background" that Keras\'s models do not have, remove it.'],
    ['labels that are missing', () => Promise.resolve({ labels: inFolder('gone.txt') }), 'INVALID_LABELS', 'gone.txt cannot be used: it does not exist.'],
    ["a backbone's weights", () => Promise.resolve({ modelType: 'MobileNetModel', weights: `${fixtures}/mobilenetv2_035.legacy.h5`, ...small }), 'INVALID_WEIGHTS', 'none for a last layer "predictions" or "logits". Give the file with all layers, or train a last layer of your own: train-model --model-type MobileNetModel'],
    ['weights of another width', () => Promise.resolve({ modelType: 'MobileNetModel', weights: publishedWeights, labels: inFolder('thousand.txt'), inputHeight: 32, inputWidth: 32 }), 'INVALID_WEIGHTS', 'Conv1: expected [3, 3, 3, 32]. Received: [3, 3, 3, 16]'],
    ['weights of another architecture', () => Promise.resolve({ modelType: 'InceptionModel' }), 'INVALID_WEIGHTS', 'conv1: the model has no such layer'],
    ['weights that are missing', () => Promise.resolve({ weights: inFolder('gone.h5') }), 'INVALID_WEIGHTS', 'gone.h5 does not exist'],
    ['weights that are none', () => Promise.resolve({ weights: inFolder('digits.txt') }), 'INVALID_WEIGHTS', 'not an HDF5 file'],
    ['half a weight file', async () => ({ weights: await written('half.h5', (await readFile(`${fixtures}/lenet.legacy.h5`)).subarray(0, 200_000)) }), 'INVALID_WEIGHTS', 'damaged'],
    ['alpha for a class that has none', () => Promise.resolve({ alpha: 0.5 }), 'INVALID_ARGUMENT', '--alpha is for MobileNetModel, MobileNetV3Model. Received: 0.5 with LenetModel.'],
    ['an absurd size', () => Promise.resolve({ inputWidth: 1e9 }), 'INVALID_ARGUMENT', '--input-width is a whole number from 1 to 10000. Received: 1000000000.'],
    ['a name of weights for a class that has none', () => Promise.resolve({ weights: 'imagenet' }), 'INVALID_ARGUMENT', 'Weights by name are "imagenet", for EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, MobileNetModel, MobileNetV3Model, ResnetModel. Received: "imagenet" for LenetModel.'],
    ['several classes by weights of one class per image', () => Promise.resolve({ modelType: 'MobileNetModel', weights: 'imagenet', multiLabel: true }), 'INVALID_ARGUMENT', 'Those of imagenet were trained with one class per image. Leave the flag out, or train with several labels per image: train-model --train-list FILE'],
    ['several classes by a SavedModel of one class per image', async () => { await source.save(inFolder('one class')); return { modelType: 'MobileNetModel', weights: inFolder('one class'), multiLabel: true }; }, 'INVALID_ARGUMENT', 'Those of FOLDER/one class were trained with one class per image.'],
    ['a class that is unknown', () => Promise.resolve({ modelType: 'VggModel' }), 'INVALID_ARGUMENT', 'InceptionModel, LenetModel, MobileNetModel, MobileNetV3Model, ResnetModel'],
  ])('refuses %s, and writes nothing', async (what, makeOptions, code, message) => {
    const modelFolder = inFolder(what);
    const options = await makeOptions();
    const tensors = tf.memory().numTensors;
    const error: unknown = await build({ ...options, modelFolder }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(String(error).replaceAll(folder, 'FOLDER')).toContain(message);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(existsSync(modelFolder)).toBe(false);
  }); // prettier-ignore
});

describe('build-model', () => {
  it('tells what it made and what to type next', async () => {
    const modelFolder = inFolder('by command');
    await mkdir(modelFolder);
    const flags = { 'model-type': 'LenetModel', weights: `${fixtures}/lenet.keras`, labels: inFolder('digits.txt') };
    const { code, stdout, stderr } = await runCommandLine('build-model', toArguments({ ...flags, 'model-folder': modelFolder })); // prettier-ignore
    expect(code, stderr).toBe(0);
    const lines = [
      `model          ${path.join(modelFolder, 'LenetModel', '1')}`,
      'classes        10',
      'parameters     110,390',
      'images         resized to 28 x 28',
      `next           npm run --silent serve-model -- --model-folder '${modelFolder}'`,
    ];
    expect(stdout).toBe(`${lines.join('\n')}\n`);
    expect(stderr).toBe('');
  });

  it('answers a mistake in one message, without a stack trace', async () => {
    const flags = { 'model-type': 'LenetModel', weights: `${fixtures}/lenet.keras`, labels: inFolder('thousand.txt') };
    const { code, stdout, stderr } = await runInProcess('build-model', toArguments({ ...flags, 'model-folder': inFolder('never') })); // prettier-ignore
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `build-model: There must be a label for every class. ${fixtures}/lenet.keras has 10 classes in its layer "logits". ` +
        `Received in ${inFolder('thousand.txt')}: 1000 labels.\nError code: CLASSES_DIFFER\n`,
    );
  });
});

async function written(name: string, content: string | Uint8Array): Promise<string> {
  await writeFile(inFolder(name), content);
  return inFolder(name);
}
