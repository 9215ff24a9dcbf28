import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { exportModelText } from '../../../src/commands/export-model/print.js';
import { exportModel } from '../../../src/commands/export-model/run.js';
import { exportFiles } from '../../../src/export/export-files.js';
import { LenetModel } from '../../../src/index.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

describe('export-model', () => {
  let folder: string;
  let modelPath: string;
  let testDatasetPath: string;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    modelPath = path.join(folder, 'LenetModel', '1');
    testDatasetPath = copyDigits(folder, { images: 10 }).test;
    const model = new LenetModel({ classNames: ['0', '1'], seed: 1 });
    await model.save(modelPath);
    model.dispose();
  });

  it('writes each format with its class names, and compares it with the SavedModel on the test images', async () => {
    const output = path.join(folder, 'exports');
    const result = await exportModel({ modelPath, format: ['tfjs', 'onnx'], output, testDatasetPath });
    expect(await readdir(output)).toEqual(['onnx', 'tfjs']);
    expect(result.images).toBe(20);
    for (const { agreement, unchecked, problem } of result.formats) {
      expect([unchecked, problem]).toEqual([null, null]);
      expect(agreement?.agree).toBe(20);
      expect(agreement?.maxDifference).toBeLessThan(1e-5);
      expect(agreement?.accuracy).toBe(result.savedModel.accuracy);
    }
    expect(exportModelText(result)).toContain('onnx: checked in onnxruntime-node');
  });

  it.each([
    ['crop', false],
    ['pad', true],
  ] as const)('resizes as the model does: %s, antialias %s', async (resize, antialias) => {
    const directory = path.join(folder, `${resize}-${antialias}`, '1');
    const model = new LenetModel({ classNames: ['0', '1'], seed: 1, resize, antialias });
    await model.save(directory);
    model.dispose();
    const output = path.join(folder, `${resize}-${antialias}`, 'exports');
    const { formats } = await exportModel({ modelPath: directory, format: ['tfjs', 'onnx'], output });
    for (const { agreement } of formats) expect(agreement?.maxDifference).toBeLessThan(1e-5);
    // LiteRT's runtime is Python's: test/parity/export.test.ts runs what is converted here.
    const litert = await exportFiles(directory, 'litert');
    expect(litert.get('model.tflite')?.length).toBeGreaterThan(400_000);
  });

  it('compares on the test set of the training where no other is given, and on noise where that is of no use', async () => {
    const directory = path.join(folder, 'trained', '1');
    await cp(modelPath, directory, { recursive: true });
    const remember = (options: object) =>
      writeFile(path.join(directory, 'assets.extra', 'arguments.json'), JSON.stringify(options));
    const images = async () => {
      const output = path.join(folder, 'remembered');
      const result = await exportModel({ modelPath: directory, format: ['onnx'], output });
      return [result.images, result.isTestSet];
    };
    await remember({ testDatasetPath });
    expect(await images()).toEqual([20, true]);
    for (const gone of [path.join(folder, 'gone'), directory]) {
      await remember({ testDatasetPath: gone });
      expect(await images()).toEqual([8, false]);
    }
    const list = ['0', '1'].map((label) =>
      JSON.stringify({ path: path.join(testDatasetPath, label, firstImage(testDatasetPath, label)), label }),
    );
    await writeFile(path.join(directory, 'assets.extra', 'test-images.jsonl'), list.join('\n'));
    expect(await images()).toEqual([2, true]);
  });

  it('compares the sets of classes of a model whose images may have several', async () => {
    const directory = path.join(folder, 'Several', '1');
    const model = new LenetModel({ classNames: ['0', '1', 'round'], seed: 1, multiLabel: true });
    await model.save(directory);
    model.dispose();
    const output = path.join(folder, 'several');
    const { savedModel, formats } = await exportModel({ modelPath: directory, format: ['tfjs'], page: true, output });
    expect(savedModel.accuracy).toBe(null);
    expect(formats[0]?.agreement).toMatchObject({ agree: 8, accuracy: null });
    expect(await readFile(path.join(output, 'page', 'model', 'model.js'), 'utf8')).toContain(
      'thresholds\\":[0.5,0.5,0.5]',
    );
  });

  it('makes smaller files of 8-bit weights', async () => {
    const output = path.join(folder, 'small');
    const result = await exportModel({ modelPath, format: ['tfjs', 'onnx'], output, quantize: 'weights', force: true });
    for (const { bytes } of result.formats) expect(bytes).toBeLessThan(0.35 * result.bytes);
  });

  describe('misused, says what to do:', () => {
    const misuses: Readonly<Record<string, (ok: { modelPath: string; folder: string }) => Record<string, unknown>>> = {
      'no format': () => ({ format: [] }),
      'an unknown format': () => ({ format: ['tflite'] }),
      'a format of Keras': () => ({ format: ['keras', 'onnx'] }),
      'no model': () => ({ modelPath: 'models/Nobody/1' }),
      'the folder of a model, not of a version': ({ folder: all }) => ({ modelPath: path.join(all, 'LenetModel') }),
      'a file instead of a model': () => ({ modelPath: 'package.json' }),
      'an empty folder': ({ folder: all }) => ({ modelPath: path.join(all, 'empty') }),
      'a damaged saved_model.pb': ({ folder: all }) => ({ modelPath: path.join(all, 'damaged') }),
      'a model without its variables': ({ folder: all }) => ({ modelPath: path.join(all, 'bare') }),
      'a signature that the model does not have': () => ({ signature: 'predict' }),
      'a signature of encoded pictures': () => ({ signature: 'serving_bytes' }),
      'a signature of whole numbers': () => ({ signature: 'serving_uint8' }),
      'a signature of tf.Examples': () => ({ signature: 'serving_classify' }),
      'the name of an object\u2019s own property': () => ({ signature: '__proto__' }),
      'an unknown quantization': () => ({ quantize: 'int4' }),
      'dynamic quantization of ONNX': () => ({ quantize: 'dynamic' }),
      'dynamic quantization of TF.js': () => ({ format: ['tfjs'], quantize: 'dynamic' }),
      'weights of LiteRT': () => ({ format: ['litert'], quantize: 'weights' }),
      'one format of several without the quantization': () => ({ format: ['tfjs', 'litert'], quantize: 'weights' }),
      'a page without tfjs': () => ({ page: true }),
      'a page of LiteRT': () => ({ format: ['litert'], page: true }),
      'a test set that is not there': () => ({ testDatasetPath: 'nowhere' }),
      'a test set without classes': ({ folder: all }) => ({ testDatasetPath: path.join(all, 'empty') }),
      'a test set of other classes': ({ folder: all }) => ({ testDatasetPath: path.join(all, 'others') }),
      'a test list that is not there': () => ({ testList: 'nowhere.csv' }),
      'a folder and a list': () => ({ testDatasetPath: 'a', testList: 'b.csv' }),
      'an output that is a file': () => ({ output: 'package.json' }),
      'an output below a file': () => ({ output: 'package.json/exports' }),
      'no output': () => ({ output: undefined }),
      'a data set instead of a model': () => ({ modelPath: 'data/digits/test' }),
    };

    beforeAll(async () => {
      await mkdir(path.join(folder, 'empty'));
      for (const [digit, name] of Object.entries(['cat', 'dog']))
        await cp(path.join(testDatasetPath, digit), path.join(folder, 'others', name), { recursive: true });
      for (const name of ['damaged', 'bare']) await cp(modelPath, path.join(folder, name), { recursive: true });
      await writeFile(path.join(folder, 'damaged', 'saved_model.pb'), 'no protocol buffer');
      await rm(path.join(folder, 'bare', 'variables'), { recursive: true });
    });

    it.each(Object.entries(misuses))('%s', async (_, misuse) => {
      const given = {
        modelPath,
        format: ['onnx'],
        output: path.join(folder, 'misused'),
        ...misuse({ modelPath, folder }),
      };
      const error = await exportModel(given as never).then(
        () => 'exported',
        (reason: unknown) => `${(reason as { code?: string }).code}: ${(reason as Error).message}`,
      );
      expect(error.replaceAll(folder, 'FOLDER')).toMatchSnapshot();
      expect(existsSync(path.join(folder, 'misused', 'onnx'))).toBe(false);
    });
  });
});

function firstImage(testDatasetPath: string, label: string): string {
  return readdirSync(path.join(testDatasetPath, label))[0] ?? '';
}
