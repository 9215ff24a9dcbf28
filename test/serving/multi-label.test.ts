import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SignetClient } from '../../src/client/signet-client.js';
import { evalModel } from '../../src/commands/eval-model/run.js';
import { evalServedModelText } from '../../src/commands/eval-served-model/print.js';
import { evalServedModel } from '../../src/commands/eval-served-model/run.js';
import { isMultiLabelResult } from '../../src/evaluation/multi-label/multi-label-metrics.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import type { RunningServer } from '../../src/serving/start-server.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { serveFolder } from '../helpers/servers/served-lenet.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const classNames = ['cat', 'dog', 'indoors', 'night', 'rain', 'snow', 'sun'];

describe('a multi-label model on a server', () => {
  const names = ['0/0010.png', '3/0083.png', '7/0043.png'];
  let folder: string;
  let server: RunningServer;
  let files: Buffer[];
  let expected: number[][];
  let thresholds: number[];
  const clients: SignetClient[] = [];

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    files = await Promise.all(names.map((name) => readFile(path.resolve('data/digits/test', name))));
    const model = new LenetModel({ classNames, multiLabel: true, seed: 1 });
    const logits = model.predictBytesImage(stringVector(files)) as tf.Tensor2D;
    expected = tf.sigmoid(logits).arraySync();
    // Some are above, some below.
    thresholds = Array.from(tf.tensor1d(classNames.map((_, i) => (expected[0]?.[i] ?? 0) + (i % 2 === 0 ? -0.01 : 0.01))).dataSync()); // prettier-ignore
    model.thresholds?.assign(tf.tensor1d(thresholds));
    await model.save(path.join(folder, 'models', 'Several', '1'));
    model.dispose();
    server = await serveFolder(folder);
    const { restPort, grpcPort } = server;
    for (const protocol of ['REST', 'GRPC'] as const) {
      clients.push(new SignetClient({ host: '127.0.0.1', restPort, grpcPort, modelName: 'Several', protocol }));
    }
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await server.drain();
  });

  it('gives the same probabilities, thresholds and classes over REST and gRPC, and all classes that an image has', async () => {
    const [rest, grpc] = await Promise.all(clients.map((client) => client.classifyImages(files, { topK: 1 })));
    expect(rest).toEqual(grpc);
    const first = rest?.[0] ?? [];
    // The most probable one, and those that are present.
    const present = classNames.filter((_, i) => i % 2 === 0);
    expect(first.filter((label) => label.present).map(({ name }) => name)).toEqual(expect.arrayContaining(present)); // prettier-ignore
    expect(first.filter((label) => label.present)).toHaveLength(present.length);
    const all = await Promise.all(clients.map((client) => client.classifyImages(files, { topK: 9 })));
    for (const rows of all) {
      for (const [i, row] of rows.entries()) {
        expect(row).toHaveLength(classNames.length);
        for (const { index, name, probability, threshold, present: isPresent } of row) {
          expect(name).toBe(classNames[index]);
          expect(Math.abs(probability - (expected[i]?.[index] ?? NaN))).toBeLessThan(1e-6);
          expect(threshold).toBe(thresholds[index]);
          expect(isPresent).toBe(probability >= (threshold ?? NaN));
        }
      }
    }
  });

  it('is evaluated alike over all transports, as on disk', async () => {
    const testList = path.join(folder, 'test.jsonl');
    const labels = [['cat', 'sun'], [], ['dog', 'rain', 'snow']];
    const rows = names.map((name, i) => JSON.stringify({ path: path.resolve('data/digits/test', name), labels: labels[i] })); // prettier-ignore
    writeFileSync(testList, rows.join('\n'));
    const { grpcPort, restPort } = server;
    const served = await evalServedModel({ modelName: 'Several', testList, host: '127.0.0.1', grpcPort, restPort });
    const onDisk = (await evalModel({ testList, modelPath: path.join(folder, 'models/Several/1') })).signatures
      .serving_bytes;
    expect(served.problems).toEqual([]);
    expect(served.agreement.differing).toEqual([]);
    expect(served.agreement.maxLogitDifference).toBeLessThan(1e-5);
    const transports = Object.values(served.transports);
    expect(transports).toHaveLength(4);
    for (const each of transports) {
      if (!isMultiLabelResult(each) || !isMultiLabelResult(onDisk)) throw new Error('The model is multi-label.');
      expect(each.meanAveragePrecision).toBe(onDisk.meanAveragePrecision);
      expect(each.perClass).toEqual(onDisk.perClass);
      expect(each.loss).toBeCloseTo(onDisk.loss, 5);
    }
    const text = evalServedModelText(served);
    expect(text).toMatch(/transport +mAP +F1 +loss +images\/s/);
    expect(text).toContain('every image has the same classes over all transports');
    expect(text).toMatch(/class +AP +precision/);
  });

  it('gives sigmoid scores by the Classify API, and the classes of uploads', async () => {
    const url = `http://127.0.0.1:${server.restPort}/v1/models/Several`;
    const example = { 'image/encoded': { b64: files[1]?.toString('base64') } };
    const body = JSON.stringify({ signature_name: 'serving_classify', examples: [example] });
    const { results } = (await (await fetch(`${url}:classify`, { method: 'POST', body })).json()) as { results: [string, number][][] }; // prettier-ignore
    expect(results[0]?.map(([name]) => name)).toEqual(classNames);
    results[0]?.forEach(([, score], i) => expect(score).toBeCloseTo(expected[1]?.[i] ?? NaN, 6));
    const form = new FormData();
    form.append('image', new Blob([new Uint8Array(files[0] ?? [])]), 'one.png');
    const { predictions } = (await (await fetch(`${url}:classify-image`, { method: 'POST', body: form })).json()) as { predictions: { classes: unknown }[] }; // prettier-ignore
    const [labels] = (await clients[0]?.classifyImages(files.slice(0, 1))) ?? [];
    expect(predictions[0]?.classes).toEqual(labels);
  });
});
