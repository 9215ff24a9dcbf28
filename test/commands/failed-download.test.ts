import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { buildModel } from '../../src/commands/build-model/run.js';
import { trainModel } from '../../src/commands/train-model/run.js';
import { serveFile } from '../helpers/servers/file-server.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

let folder: string;
let modelFolder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  modelFolder = path.join(folder, 'a', 'models');
  const server = await serveFile(
    () => Buffer.alloc(0),
    (_, response) => {
      response.writeHead(404).end();
      return true;
    },
  );
  vi.stubEnv('SIGNET_WEIGHTS_URL', server.url);
  vi.stubEnv('SIGNET_CACHE', path.join(folder, 'cache'));
});
afterEach(() => vi.unstubAllEnvs());

const failure = { code: 'DOWNLOAD_FAILED', message: expect.stringContaining('404') as string };

describe('a download of weights that fails', () => {
  it('leaves no folder of train-model behind', async () => {
    const { train, test } = copyDigits(folder);
    const trained = trainModel({
      trainDatasetPath: train,
      testDatasetPath: test,
      modelFolderPath: modelFolder,
      modelType: 'MobileNetModel',
    });
    await expect(trained).rejects.toMatchObject(failure);
    await expect(trained).rejects
      .toThrow(`MobileNetModel starts from weights that were trained on ImageNet. Other ways to start:
  --pretrained-weights FILE           a weight file, or the directory of a SavedModel
  --model-type EfficientNetLiteModel  whose weights come through pip, as TensorFlow did
  --pretrained-weights none           random weights, which take many more images and epochs`);
    expect(existsSync(path.join(folder, 'a'))).toBe(false);
  });

  it('leaves none of build-model', async () => {
    const labels = path.join(folder, 'labels.txt');
    await writeFile(labels, 'ant\nbee\n');
    const built = buildModel({ modelType: 'ResnetModel', weights: 'imagenet', labels, modelFolder });
    await expect(built).rejects.toMatchObject(failure);
    expect(existsSync(path.join(folder, 'a'))).toBe(false);
  });
});
