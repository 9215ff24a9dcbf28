import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { expect, it } from 'vitest';

import type { EvalModelResult } from '../../src/commands/eval-model/run.js';
import type { EvalServedModelResult } from '../../src/commands/eval-served-model/run.js';
import { imageDatasetFromDirectory } from '../../src/data/dataset/image-dataset-from-directory.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { SignetClient } from '../../src/client/signet-client.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { fit } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { startServeModel } from '../helpers/servers/start-serve-model.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const testSet = path.join('data', 'digits', 'test');

/** Python TensorFlow on the files themselves, and TensorFlow Serving's client of serve-model. */
const script = `
import json, sys
import grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
given = json.load(sys.stdin)
files = [open(file, 'rb').read() for file in given['files']]
model = tf.saved_model.load(given['model']).signatures['serving_bytes']
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel('127.0.0.1:%d' % given['port']))
local, served = [], []
for i in range(0, len(files), 50):
    images = files[i:i + 50]
    local.append(model(image_bytes_string=tf.constant(images))['output_0'].numpy())
    request = predict_pb2.PredictRequest()
    request.model_spec.name = 'LenetModel'
    request.model_spec.signature_name = 'serving_bytes'
    request.inputs['image_bytes_string'].CopyFrom(tf.make_tensor_proto(images))
    served.append(tf.make_ndarray(stub.Predict(request, timeout=60).outputs['output_0']))
print(json.dumps({'local': np.concatenate(local).tolist(), 'served': np.concatenate(served).tolist()}))
`;

async function trainDigits(directory: string): Promise<void> {
  const train = await imageDatasetFromDirectory('data/digits/train', { imageSize: [28, 28], seed: 1 });
  const model = new LenetModel({ classNames: train.classNames, seed: 1 });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer: new Adam(), loss: sparseCategoricalCrossentropy, metrics });
  await fit(model, train, { epochs: 5 });
  await model.save(directory);
  model.dispose();
  train.dispose();
}

it.skipIf(!hasPython())('the trained digits give the same logits by every transport, in Python too', async () => {
  const folder = await temporaryFolder();
  const directory = path.join(folder, 'LenetModel', '1');
  await trainDigits(directory);
  const server = await startServeModel(['--model-folder', folder]);
  const { files } = await scanImageDirectory(testSet);
  const paths = files.map((file) => path.resolve(file.path));
  const input = { files: paths, model: directory, port: server.grpcPort };
  const python = (await runPython(script, input)) as Record<'local' | 'served', number[][]>;

  const ports = { 'grpc-port': server.grpcPort, 'rest-port': server.restPort };
  const flags = {
    'test-dataset-path': testSet,
    'model-name': 'LenetModel',
    ...ports,
    'batch-size': 16,
    json: true as const,
  };
  const evaluated = JSON.parse(
    (await runCommandLine('eval-served-model', toArguments(flags))).stdout,
  ) as EvalServedModelResult;
  const local = JSON.parse(
    (await runCommandLine('eval-model', ['--test-dataset-path', testSet, '--model-path', directory, '--json'])).stdout,
  ) as EvalModelResult;
  const ours = new SignetClient({ grpcPort: server.grpcPort, modelName: 'LenetModel' });
  const images = { image_bytes_string: await Promise.all(paths.map((file) => readFile(file))) };
  const { outputs } = await ours.predict(images, { signatureName: 'serving_bytes' });
  ours.close();
  expect(await server.end()).toBe(0);

  const logits = Array.from(outputs.output_0?.values as Float32Array);
  for (const other of [python.local, python.served]) expect(furthest(other.flat(), logits)).toBeLessThan(1e-5);
  expect(Object.keys(evaluated.transports)).toEqual(['grpcBytes', 'grpcNumpy', 'restBytes', 'restNumpy']);
  expect(evaluated.agreement).toMatchObject({ differing: [] });
  expect(evaluated.agreement.maxLogitDifference).toBeLessThan(1e-5);
  const right = python.local.filter((row, i) => row.indexOf(Math.max(...row)) === files[i]?.label).length;
  const accuracies = [...Object.values(evaluated.transports), ...Object.values(local.signatures)].map(
    ({ accuracy: part }) => part,
  );
  expect(accuracies).toEqual(Array.from({ length: 6 }, () => right / files.length));
  expect(right / files.length).toBeGreaterThan(0.8);
});

function furthest(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? NaN))), 0);
}
