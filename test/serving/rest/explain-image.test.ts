import { readFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { predictImage } from '../../../src/commands/predict-image/run.js';
import { predictImageText } from '../../../src/commands/predict-image/print.js';
import type { ImageLabel } from '../../../src/client/classify-images.js';
import { SignetError } from '../../../src/errors.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import type { RunningServer } from '../../../src/serving/start-server.js';
import { send } from '../../helpers/servers/http-client.js';
import { folderWithLenet, serveFolder } from '../../helpers/servers/served-lenet.js';

const file = path.resolve('data/digits/test/7/0043.png');
const digit = readFileSync(file);

interface Prediction {
  readonly classes: readonly ImageLabel[];
  readonly explained: ImageLabel;
  readonly overlay: string;
}

const nothing: Prediction = { classes: [], explained: { name: null, index: -1, probability: 0 }, overlay: '' };

describe(':explain-image', () => {
  let folder: string;
  let server: RunningServer;

  beforeAll(async () => {
    folder = await folderWithLenet();
    const model = new LenetModel({ classNames: ['ant', 'bee', 'cat'], seed: 2, withHeatmap: true });
    await model.save(path.join(folder, 'models', 'Insects', '1'));
    model.dispose();
    server = await serveFolder(folder);
  });

  afterAll(() => server.drain());

  const ask = async (query = '', model = 'Insects', body = digit) => {
    const headers = { 'Content-Type': 'image/png' };
    const { status, text } = await send(server.restPort, `/v1/models/${model}:explain-image${query}`, {
      headers,
      body,
    });
    const { predictions, error } = JSON.parse(text) as { predictions?: Prediction[]; error?: string };
    const [{ classes, explained, overlay } = nothing] = predictions ?? [];
    return { status, error, classes, explained, overlay };
  };

  it('answers with the classes, the class that was looked for, and the picture with its heat map', async () => {
    const { status, classes, explained, overlay } = await ask();
    expect(status).toBe(200);
    expect(classes).toHaveLength(3);
    expect(explained).toEqual(classes[0]);
    const metadata = await sharp(Buffer.from(overlay, 'base64')).metadata();
    const { width, height } = await sharp(digit).metadata();
    expect(metadata).toMatchObject({ format: 'png', width, height });
  });

  it('looks for the class that is named, or at a position', async () => {
    const { explained: named, overlay } = await ask('?class=bee&top_k=1');
    expect(named).toMatchObject({ name: 'bee', index: 1 });
    const other = await ask('?class_index=2');
    expect(other.explained).toMatchObject({ name: 'cat', index: 2 });
    expect(other.overlay).not.toBe(overlay);
  });

  it('says what is wrong with a request', async () => {
    const errors: string[] = [];
    for (const query of ['?class=dog', '?class_index=3', '?class_index=-1', '?class=bee&class_index=1']) {
      const { status, error } = await ask(query);
      errors.push(`${status} ${error}`);
    }
    expect(errors).toMatchInlineSnapshot(`
      [
        "400 Insects has no class "dog". Its classes: ant, bee, cat.",
        "400 class_index is a whole number from 0 to 2. Received: 3.",
        "400 class_index is a whole number from 0 to 2. Received: -1.",
        "400 Give class, a name, or class_index, its position. Received: both.",
      ]
    `);
    const { status, error } = await ask('', 'LenetModel');
    expect(`${status} ${error}`).toMatchInlineSnapshot(
      `"400 LenetModel has no signature serving_heatmap. Train or build it with --with-heatmap; networks without a convolution have no heat maps."`,
    );
    expect(await ask('', 'Insects', Buffer.from('no picture'))).toMatchObject({ status: 400 });
  });

  it('is in the OpenAPI document of a model that has heat maps', async () => {
    const { text } = await send(server.restPort, '/openapi.json');
    const { paths } = JSON.parse(text) as { paths: object };
    expect(Object.keys(paths).filter((each) => each.endsWith('-image'))).toEqual([
      '/v1/models/Insects:classify-image',
      '/v1/models/Insects:explain-image',
      '/v1/models/LenetModel:classify-image',
    ]);
  });

  it('has its like in predict-image, with a server and without one', async () => {
    const png = path.join(folder, 'seen.png');
    const model = { modelName: 'Insects', host: '127.0.0.1', grpcPort: server.grpcPort, restPort: server.restPort };
    const roads = [
      { ...model },
      { ...model, protocol: 'REST' },
      { modelPath: path.join(folder, 'models/Insects/1') },
    ] as const;
    const overlays: string[] = [];
    for (const road of roads) {
      const result = await predictImage({ ...road, files: [file], heatmap: png, heatmapClass: 'bee' });
      expect(predictImageText(result).replaceAll(folder, 'FOLDER').split('\n').at(-2)).toMatch(
        /^ {2}heat map of bee, 0\.\d{4}: FOLDER\/seen\.png$/,
      );
      overlays.push(readFileSync(png).toString('base64'));
    }
    const { overlay } = await ask('?class=bee');
    expect(overlays).toEqual([overlay, overlay, overlay]);
  });

  it('has its mistakes in predict-image too', async () => {
    const [withMaps, without] = ['Insects', 'LenetModel'].map((name) => path.join(folder, 'models', name, '1'));
    const heatmap = path.join(folder, 'wrong.png');
    const failed = async (options: Parameters<typeof predictImage>[0]) => {
      const error = await predictImage(options).catch((each: unknown) => each);
      return error instanceof SignetError ? `${error.code} ${error.message.replaceAll(folder, 'FOLDER')}` : error;
    };
    expect([
      await failed({ modelPath: withMaps, files: [file, file], heatmap }),
      await failed({ modelPath: withMaps, files: [file], heatmap, heatmapClass: 'dog' }),
      await failed({ modelPath: without, files: [file], heatmap }),
      await failed({ modelPath: withMaps, files: [file], heatmap: path.join(folder, 'none', 'seen.png') }),
    ]).toMatchInlineSnapshot(`
      [
        "INVALID_ARGUMENT --heatmap draws over one image. Received: 2 images. Give one, or leave --heatmap out.",
        "INVALID_ARGUMENT --heatmap-class names a class of the model, or its position. Received: dog. Its classes: bee, cat, ant.",
        "INVALID_SAVED_MODEL The model "FOLDER/models/LenetModel/1" has no signature serving_heatmap as Signet writes it, with heatmap, class_index, class_name, probability, exif, resize. It has: serving_default, serving_bytes, serving_uint8, serving_base64, serving_labels, serving_embedding, serving_classify. Train or build it with --with-heatmap; networks without a convolution have no heat maps.",
        "CANNOT_WRITE Cannot write FOLDER/none/seen.png: ENOENT: no such file or directory, open 'FOLDER/none/seen.png'.",
      ]
    `);
  });
});
