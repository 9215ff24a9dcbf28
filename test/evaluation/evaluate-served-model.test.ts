import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { ImageScan } from '../../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { type Protocol, protocols } from '../../src/client/client-options.js';
import { ServerError } from '../../src/client/server-error.js';
import { SignetClient } from '../../src/client/signet-client.js';
import { evaluateSavedModel } from '../../src/evaluation/evaluate-saved-model.js';
import {
  evaluateServedModel,
  type ServedEvaluationOptions,
  type ReachedModels,
} from '../../src/evaluation/evaluate-served-model.js';
import { isMultiLabelResult } from '../../src/evaluation/multi-label/multi-label-metrics.js';
import { servedTransports } from '../../src/evaluation/served-transports.js';
import { loadLenet } from '../helpers/servers/load-lenet.js';
import { LocalModelServer } from '../helpers/servers/local-model-server.js';
import type { ModelServer, PredictRequest, PredictResponse } from '../../src/serving/model-server.js';
import { modelServerWith } from '../helpers/servers/model-server-with.js';
import { ServingError } from '../../src/serving/serving-error.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { serveModelServer } from '../helpers/servers/serve-model-server.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const classNames = ['0', '1', '2'];
let folder: string;
let directory: string;
let models: LocalModelServer;
let scan: ImageScan;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  ({ directory, models } = await loadLenet(folder, classNames));
  // Digits of one size, and pictures of several sizes and formats.
  const { test } = copyDigits(folder, { classes: 3, images: 6 });
  for (const [i, bytes] of (await encodedImages()).entries()) await writeFile(path.join(test, '1', `more-${i}`), bytes);
  scan = await scanImageDirectory(test);
  expect(scan.files).toHaveLength(25);
});
afterAll(() => models.dispose());

/** Both protocols of a server, closed with the test. */
async function opened(server: ModelServer, wanted: readonly Protocol[] = protocols): Promise<ReachedModels> {
  const { grpcPort, restPort, end } = await serveModelServer(server);
  const open = async (protocol: Protocol) => {
    const modelName = server.modelNames[0] ?? '';
    const client = new SignetClient({ grpcPort, restPort, modelName, protocol });
    onTestFinished(() => client.close());
    return [protocol, { client, metadata: await client.metadata() }] as const;
  };
  onTestFinished(async () => {
    await end();
  });
  return Object.fromEntries(await Promise.all(wanted.map(open)));
}

const evaluate = (served: ReachedModels, options: Partial<ServedEvaluationOptions> = {}, files = scan.files) =>
  evaluateServedModel(served, files, { classNames, ...options });

/** A server that does something else with some requests. */
const answering = (answer: (request: PredictRequest) => Promise<PredictResponse>) =>
  opened(modelServerWith(models, { predict: answer }));

describe('evaluateServedModel', () => {
  it.each([
    [1, 1],
    [4, 3],
  ])(
    'gives what the model on disk gives, over all transports (batches of %d, %d at once)',
    async (batchSize, concurrency) => {
      const before = tf.memory().numTensors;
      const onDisk = await evaluateSavedModel(directory, scan.files, { batchSize: 8 });
      const result = await evaluate(await opened(models), { batchSize, concurrency });
      expect(tf.memory().numTensors).toBe(before);
      expect(Object.keys(result.transports)).toEqual(servedTransports);
      for (const transport of servedTransports) {
        const { latency, imagesPerSecond, bytesPerImage, requests, loss, ...metrics } =
          result.transports[transport] ?? fail();
        // A server does not say by which temperature its logits become probabilities.
        const expected = { ...onDisk.signatures.serving_default, calibration: null, thresholds: [] };
        expect({ ...expected, ...metrics }).toEqual(expected);
        expect(loss).toBeCloseTo(expected.loss, 5);
        expect(requests).toBeGreaterThanOrEqual(Math.ceil(25 / batchSize));
        expect(Object.values(latency).every((value) => value > 0)).toBe(true);
        expect(imagesPerSecond).toBeGreaterThan(0);
        expect(bytesPerImage).toBeGreaterThan(50);
      }
      expect(result.transports.grpcBytes?.requests).toBe(Math.ceil(25 / batchSize));
      expect(result.agreement.maxLogitDifference).toBeLessThan(1e-5);
      expect(result).toMatchObject({ images: 25, problems: [], skipped: [], interrupted: false });
      expect(result.agreement.differing).toEqual([]);
    },
  );

  it('resizes pixels when it is told to', async () => {
    const sizes = new Set<string>();
    const served = await answering((request) => {
      if (request.inputs.input_tensor) sizes.add(request.inputs.input_tensor.shape.join());
      return models.predict(request);
    });
    await evaluate(served, { imageSize: [30, 20] });
    expect([...sizes]).toEqual(['1,30,20,3']);
  });

  it('has as many requests under way as it may, and no more', async () => {
    let [underWay, most] = [0, 0];
    let open: () => void = () => undefined;
    const three = new Promise<void>((resolve) => (open = resolve));
    const served = await answering(async (request) => {
      underWay += 1;
      most = Math.max(most, underWay);
      if (underWay === 3) open();
      await three;
      const answer = await models.predict(request);
      underWay -= 1;
      return answer;
    });
    await evaluate(served, { concurrency: 3 });
    expect(most).toBe(3);
  });

  it('tells how far it is', async () => {
    const calls: number[][] = [];
    await evaluate(await opened(models), { batchSize: 10, onProgress: (...call) => calls.push(call) });
    const done = calls.map(([images = 0]) => images);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(calls.at(-1)).toEqual([100, 100]);
    expect(new Set(calls.map(([, total]) => total))).toEqual(new Set([100]));
  });

  it('uses the transports of one protocol if the other is not spoken, or not wanted', async () => {
    const { GRPC } = await opened(models, ['GRPC']);
    if (!GRPC) return fail();
    const problem = { kind: 'unreachable', message: 'Nobody there.', path: null };
    const result = await evaluate({ GRPC, REST: new ServerError('UNAVAILABLE', 'Nobody there.') });
    expect(Object.keys(result.transports)).toEqual(['grpcBytes', 'grpcNumpy']);
    expect(result.problems).toEqual([
      { transport: 'restBytes', ...problem },
      { transport: 'restNumpy', ...problem },
    ]);
    expect((await evaluate({ GRPC })).problems).toEqual([]);
  });

  it('leaves out what the model does not offer', async () => {
    const withoutBytes = modelServerWith(models, {
      find: (spec) => {
        const entries = Object.entries(models.find(spec).signatures).filter(([key]) => key !== 'serving_bytes');
        return { ...models.find(spec), signatures: Object.fromEntries(entries) };
      },
    });
    const result = await evaluate(await opened(withoutBytes));
    expect(Object.keys(result.transports)).toEqual(['grpcNumpy', 'restNumpy']);
    expect(result.problems[0]).toEqual({
      transport: 'grpcBytes',
      kind: 'not-offered',
      path: null,
      message: 'The model has no signature serving_bytes.',
    });
  });

  it('says so when the model takes images over no transport', async () => {
    const scale = await LocalModelServer.load(await saveScale(path.join(folder, 'scale'), 1), 'scale', 1);
    onTestFinished(() => scale.dispose());
    await expect(evaluate(await opened(scale, ['REST']))).rejects.toThrow(
      'The served model takes images over no transport:\n' +
        '  REST bytes: The model has no signature serving_bytes.\n' +
        '  REST numpy: serving_default takes no pixels of RGB images.\n' +
        'Serve an image classifier that train-model wrote.',
    );
  });

  it('closes a transport that fails, reports at which image, and continues with the others', async () => {
    const third = await readFile(scan.files[2]?.path ?? '');
    const served = await answering(async (request) => {
      const [bytes] = (request.inputs.image_bytes_string?.values ?? []) as Uint8Array[];
      if (bytes && third.equals(bytes)) throw new ServingError('RESOURCE_EXHAUSTED', 'Too much of it.');
      return models.predict(request);
    });
    const result = await evaluate(served);
    expect(Object.keys(result.transports)).toEqual(['grpcNumpy', 'restNumpy']);
    expect(result.problems.map(({ transport, kind, path: file }) => [transport, kind, file])).toEqual([
      ['grpcBytes', 'failed', scan.files[2]?.path],
      ['restBytes', 'failed', scan.files[2]?.path],
    ]);
    expect(result.problems[0]?.message).toContain('Answer: RESOURCE_EXHAUSTED, Too much of it.');
    expect(result.images).toBe(25);
  });

  it('fails with the last transport', async () => {
    const served = await answering(() => Promise.reject(new ServingError('UNAVAILABLE', 'The end.')));
    await expect(evaluate(served)).rejects.toThrow(
      /signature serving_default of model "digits" over REST[^]*The end\./,
    );
  });

  it('finds images of which the transports disagree', async () => {
    const served = await answering(async (request) => {
      const answer = await models.predict(request);
      const { output_0: logits } = answer.outputs;
      if (request.signatureName !== 'serving_bytes' || !logits) return answer;
      const values = Float32Array.from(logits.values as Float32Array, (value, i) => (i === 1 ? value + 1000 : value));
      return { ...answer, outputs: { output_0: { ...logits, values } } };
    });
    const { agreement, transports } = await evaluate(served);
    expect(agreement.maxLogitDifference).toBeCloseTo(1000, 1);
    expect(agreement.differing.length).toBeGreaterThan(0);
    for (const { predicted } of agreement.differing) {
      expect([predicted.grpcBytes, predicted.restBytes]).toEqual([1, 1]);
      expect(predicted.grpcNumpy).toBe(predicted.restNumpy);
    }
    const { grpcBytes } = transports;
    if (!grpcBytes || isMultiLabelResult(grpcBytes)) throw new Error('Each image has one class.');
    expect(grpcBytes.confusionMatrix.map((row) => row[1])).toEqual([6, 13, 6]);
  });

  it('ends when it is told to, with what was done', async () => {
    const controller = new AbortController();
    // Two blocks: a block is 256 images.
    const files = Array.from({ length: 300 }, (_, i) => scan.files[i % 25]).filter((file) => file !== undefined);
    const onProgress = (done: number) => {
      if (done > 1100) controller.abort();
    };
    const result = await evaluate(await opened(models), { signal: controller.signal, onProgress, batchSize: 8 }, files);
    expect(result).toMatchObject({ interrupted: true, images: 256, problems: [] });
    expect(Object.values(result.transports).map(({ images }) => images)).toEqual([256, 256, 256, 256]);
  });

  it('has nothing to tell when it is ended at once', async () => {
    const result = await evaluate(await opened(models), { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ interrupted: true, images: 0 });
    expect(result.transports.restNumpy).toMatchObject({ images: 0, requests: 0, accuracy: NaN, bytesPerImage: NaN });
  });

  it('refuses a model of other classes', async () => {
    await expect(evaluate(await opened(models), { classNames: ['a', 'b'] })).rejects.toThrow(
      expect.objectContaining({
        code: 'CLASSES_DIFFER',
        message:
          'The test set has 2 classes, and the served model gives 3 logits per image. ' +
          'Give the test set of the model that is served (--test-dataset-path), or that model (--model-name).',
      }),
    );
  });

  it('stops at images that do not decode, or leaves them out', async () => {
    const damaged = path.join(folder, 'damaged.png');
    const content = await readFile(scan.files[0]?.path ?? '');
    content.fill(0xff, 60, content.length - 20);
    await writeFile(damaged, content);
    const [first] = scan.files;
    if (!first) return fail();
    const files = [{ ...first, path: damaged }, ...scan.files];
    const served = await opened(models);
    await expect(evaluate(served, {}, files)).rejects.toThrow(expect.objectContaining({ code: 'BAD_IMAGE' }));
    const { skipped, images } = await evaluate(served, { onBadImage: 'skip' }, files);
    expect(images).toBe(25);
    expect(skipped.map(({ path: file, kind }) => [file, kind])).toEqual([[damaged, 'corrupt']]);
  });
});

function fail(): never {
  throw new Error('it is missing');
}
