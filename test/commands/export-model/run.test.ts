import { readdirSync } from 'node:fs';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
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

  it('refuses a signature that takes no pixels', async () => {
    const options = { modelPath, format: ['onnx'], output: path.join(folder, 'none'), signature: 'serving_bytes' };
    await expect(exportModel(options)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SignetError: export-model takes a signature with one input of pixels, float32[?, height, width, channels]: phones and browsers decode pictures themselves. Received: "serving_bytes" with image_bytes_string: string[?]. Use serving_default with --signature.]`,
    );
  });
});

function firstImage(testDatasetPath: string, label: string): string {
  return readdirSync(path.join(testDatasetPath, label))[0] ?? '';
}
