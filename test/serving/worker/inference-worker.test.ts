import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { crc32c, maskedCrc32c } from '../../../src/saved-model/checkpoint/crc32c.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { InferenceWorker } from '../../../src/serving/worker/inference-worker.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { PredictionLogSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_log_pb.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import '../../helpers/servers/threads-given.js';

let directory: string;
/** One that no test ends. */
let lasting: InferenceWorker;

beforeAll(async () => {
  directory = await saveScale(await temporaryFolderForAll(), 3);
  lasting = await InferenceWorker.start(directory);
});
afterAll(() => lasting.terminate());

const rows = (...values: number[]): TensorValue => ({
  dtype: 'float32',
  shape: [values.length, 1],
  values: Float32Array.from(values),
});

async function start(from = directory): Promise<InferenceWorker> {
  const worker = await InferenceWorker.start(from);
  onTestFinished(() => worker.terminate());
  return worker;
}

describe('InferenceWorker', () => {
  it('tells the signatures, and computes as a session in this thread does', async () => {
    const model = await LoadedSavedModel.load(directory);
    onTestFinished(() => model.dispose());
    expect(lasting.signatures).toEqual(model.signatures);
    expect(String(lasting.signatures.serving_default?.inputs.x?.spec)).toBe('float32[?, ?]');
    const pictures = await encodedImages();
    const calls: [string, Record<string, TensorValue>][] = [
      ['serving_default', { x: rows(1.5, NaN, -Infinity) }],
      ['serving_default', { x: { dtype: 'float32', shape: [0, 1], values: new Float32Array(0) } }],
      ['means', { pictures: { dtype: 'string', shape: [pictures.length], values: pictures } }],
      ['two', { x: { dtype: 'float32', shape: [1, 2], values: Float32Array.of(1, 2) }, n: { dtype: 'int64', shape: [1], values: BigInt64Array.of(-9n) } }],
    ]; // prettier-ignore
    for (const [signature, inputs] of calls) {
      const { outputs, seconds } = await lasting.call(signature, inputs);
      expect(outputs).toEqual(model.callValues(signature, inputs));
      expect(seconds).toBeGreaterThan(0);
    }
  });

  it('takes parts of larger buffers, and leaves them as they are', async () => {
    const message = Float32Array.of(9, 9, 1, 2, 9);
    const x: TensorValue = { dtype: 'float32', shape: [2, 1], values: message.subarray(2, 4) };
    const { outputs } = await lasting.call('serving_default', { x }, { outputs: ['y'] });
    expect(outputs).toEqual({ y: rows(3, 6) });
    expect(message).toEqual(Float32Array.of(9, 9, 1, 2, 9));
  });

  it('answers many calls at once, each its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => lasting.call('serving_default', { x: rows(i) }, { outputs: ['y'] })),
    );
    answers.forEach(({ outputs }, i) => expect(outputs).toEqual({ y: rows(3 * i) }));
  });

  it("gives TensorFlow's words for what cannot be computed, and goes on", async () => {
    const pictures: TensorValue = { dtype: 'string', shape: [1], values: [Buffer.from('no picture')] };
    await expect(lasting.call('means', { pictures })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: expect.stringContaining('TensorFlow could not run the graph') as string,
    });
    expect((await lasting.call('serving_default', { x: rows(1) }, { outputs: ['y'] })).outputs).toEqual({ y: rows(3) });
  });

  it('fails what is under way, and what comes later, when the thread ends', async () => {
    const worker = await start();
    const pending = [1, 2, 3].map((x) => worker.call('serving_default', { x: rows(x) }));
    void worker.terminate();
    for (const each of await Promise.allSettled(pending)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { status: 'UNAVAILABLE' } });
    }
    await expect(worker.call('serving_default', { x: rows(1) })).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  it('says why a directory cannot be loaded', async () => {
    await expect(start('/nowhere/1')).rejects.toMatchObject({
      code: 'INVALID_SAVED_MODEL',
      message: expect.stringContaining('/nowhere/1 is not a SavedModel') as string,
    });
  });

  it('ends when asked to', async () => {
    const worker = await start();
    await worker.end();
    await worker.ended;
  });
});

function frame(record: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(record.length));
  const checksum = (bytes: Uint8Array) => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32LE(maskedCrc32c(crc32c(bytes)));
    return buffer;
  };
  return Buffer.concat([length, checksum(length), record, checksum(record)]);
}

function predictLog(signatureName: string, input = 'x'): Uint8Array {
  const x = { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 2n }, { size: 2n }] }, floatVal: [1] };
  const request = { modelSpec: { name: 'any', signatureName }, inputs: { [input]: x } };
  return toBinary(
    PredictionLogSchema,
    create(PredictionLogSchema, { logType: { case: 'predictLog', value: { request } } }),
  );
}

describe('warmup records', () => {
  async function startWith(records: Uint8Array): Promise<InferenceWorker> {
    const warm = await saveScale(await temporaryFolder(), 2);
    await mkdir(path.join(warm, 'assets.extra'), { recursive: true });
    await writeFile(path.join(warm, 'assets.extra', 'tf_serving_warmup_requests'), records);
    return start(warm);
  }

  it('are replayed', async () => {
    const { warmup } = await startWith(Buffer.concat([frame(predictLog('')), frame(predictLog('serving_default'))]));
    expect(warmup?.records).toBe(2);
    expect(lasting.warmup).toBeNull();
  });

  const good = frame(predictLog(''));
  const damaged = Buffer.from(good);
  damaged[20] = 255 - (damaged[20] ?? 0);
  it.each<[string, Uint8Array, RegExp]>([
    ['a file that is cut off', good.subarray(0, -1), /are announced where 3 are left/],
    ['damage', damaged, /the checksum of record 1 differs/],
    ['text', Buffer.from('warm me up, please'), /the checksum of the length of record 1 differs/],
    ['a record of another kind', frame(Buffer.from('x')), /record 1 is not a PredictionLog/],
    ['too many records', Buffer.concat(Array<Buffer>(1001).fill(good)), /more than 1000 records/],
    ['an unknown signature', frame(predictLog('x')), /record 1 of .* has no signature "x"/],
    ['an unknown input', Buffer.concat([good, frame(predictLog('', 'z'))]), /record 2 of .* has no input x/],
  ])('fail the load for %s', async (_, records, message) => {
    await expect(startWith(records)).rejects.toMatchObject({
      code: 'INVALID_SAVED_MODEL',
      message: expect.stringMatching(message) as string,
    });
  });
});
