import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { Cancellation } from '../../../src/serving/cancellation.js';
import { Batcher, type BatchRun } from '../../../src/serving/store/batching.js';
import { type BatchingOptions, batchingOptions } from '../../../src/serving/store/batching-options.js';
import type { SignatureCall } from '../../../src/serving/store/queued-request.js';
import { InferenceWorker } from '../../../src/serving/worker/inference-worker.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let worker: InferenceWorker;
let model: LoadedSavedModel;
let pictures: Uint8Array[];

beforeAll(async () => {
  const directory = await saveScale(await temporaryFolderForAll(), 3);
  worker = await InferenceWorker.start(directory);
  model = await LoadedSavedModel.load(directory);
  pictures = await encodedImages();
});
afterAll(async () => {
  model.dispose();
  await worker.end();
});

/** A queue whose worker is given to it when all requests are in, so that what goes together is certain. */
function start(options: BatchingOptions = {}) {
  const runs: BatchRun[] = [];
  const batcher = new Batcher(worker.signatures, batchingOptions(options), (run) => runs.push(run));
  const submit = (call: Partial<SignatureCall> & Pick<SignatureCall, 'inputs'>) =>
    batcher.submit({ signatureName: 'serving_default', ...call });
  const together = () => runs.map(({ requests, rows, padding }) => [requests, rows, padding]);
  return { batcher, submit, together, run: () => batcher.addWorker(worker) };
}

const floats = (rows: number, columns = 1, from = 0): { x: TensorValue } => ({
  x: {
    dtype: 'float32',
    shape: [rows, columns],
    values: Float32Array.from({ length: rows * columns }, (_, i) => from + i / 7),
  },
});
const strings = (...values: Uint8Array[]): { pictures: TensorValue } => ({
  pictures: { dtype: 'string', shape: [values.length], values },
});
const bad = Buffer.from('no picture');

describe('Batcher', () => {
  it('computes together what waits together, and gives each its own', async () => {
    const { submit, run, together } = start();
    const sizes = [1, 3, 1, 7, 2, 16, 1];
    const inputs = sizes.map((rows, i) => floats(rows, 2, i));
    const answers = inputs.map((each) => submit({ inputs: each }));
    run();
    const results = await Promise.all(answers);
    results.forEach((outputs, i) => expect(outputs).toEqual(model.callValues('serving_default', inputs[i] ?? {})));
    expect(together()).toEqual([[7, 31, 0]]);
  });

  it('computes pictures of several sizes together, and int64 beside floats', async () => {
    const { submit, run, together } = start();
    const lists = [pictures.slice(0, 1), pictures.slice(1, 4), pictures.slice(4)];
    const means = lists.map((list) => submit({ signatureName: 'means', inputs: strings(...list) }));
    const two = [1, 2].map((rows) => ({
      ...floats(rows, 2),
      n: {
        dtype: 'int64',
        shape: [rows],
        values: BigInt64Array.from({ length: rows }, (_, i) => BigInt(i) - 9n),
      } as const,
    }));
    const pairs = two.map((inputs) => submit({ signatureName: 'two', inputs }));
    run();
    for (const [i, outputs] of (await Promise.all(means)).entries()) {
      expect(outputs).toEqual(model.callValues('means', strings(...(lists[i] ?? []))));
    }
    for (const [i, outputs] of (await Promise.all(pairs)).entries()) {
      expect(outputs).toEqual(model.callValues('two', two[i] ?? {}));
    }
    expect(together()).toEqual([[3, 7, 0], [2, 3, 0]]); // prettier-ignore
  });

  it('keeps apart what does not fit: sizes, output filters, rank 0, no rows, signatures without rows', async () => {
    const { submit, run, together } = start();
    const answers = [
      submit({ inputs: floats(1, 2) }),
      submit({ inputs: floats(1, 3) }),
      submit({ inputs: floats(1, 2), outputs: ['y'] }),
      submit({ inputs: floats(0, 2) }),
      submit({ inputs: { x: { dtype: 'float32', shape: [3], values: Float32Array.of(1, 2, 3) } }, signatureName: 'total' }),
      submit({ inputs: { x: { dtype: 'float32', shape: [1], values: Float32Array.of(1) } }, signatureName: 'total' }),
      submit({ inputs: floats(2, 2) }),
    ]; // prettier-ignore
    run();
    const outputs = await Promise.all(answers);
    expect(Object.keys(outputs[2] ?? {})).toEqual(['y']);
    expect(outputs[3]?.y?.shape).toEqual([0, 2]);
    expect(outputs[4]?.sum).toEqual({ dtype: 'float32', shape: [], values: Float32Array.of(6) });
    expect(together().map(([requests]) => requests)).toEqual([2, 1, 1, 1, 1, 1]);
  });

  it('fills batches up to their limit; what is larger goes in several', async () => {
    const { submit, run, together } = start({ maxBatchSize: 4 });
    const inputs = [1, 2, 9, 2, 3, 1].map((rows) => floats(rows));
    const answers = inputs.map((each) => submit({ inputs: each }));
    run();
    (await Promise.all(answers)).forEach((outputs, i) =>
      expect(outputs).toEqual(model.callValues('serving_default', inputs[i] ?? {})),
    );
    expect(together()).toEqual([[2, 3, 0], [1, 4, 0], [1, 2, 0], [2, 4, 0], [1, 4, 0], [1, 1, 0]]); // prettier-ignore
  });

  it('pads up to an allowed size with what cannot be seen', async () => {
    const { submit, run, together } = start({ allowedBatchSizes: [2, 4, 8] });
    const answers = [submit({ inputs: floats(2, 2) }), submit({ inputs: floats(3, 2) })];
    const other = submit({ signatureName: 'means', inputs: strings(...pictures.slice(0, 3)) });
    run();
    const results = await Promise.all(answers);
    expect(results).toEqual([2, 3].map((rows) => model.callValues('serving_default', floats(rows, 2))));
    expect(await other).toEqual(model.callValues('means', strings(...pictures.slice(0, 3))));
    expect(together()).toEqual([[2, 5, 3], [1, 3, 1]]); // prettier-ignore
  });

  it('lets a bad picture fail alone', async () => {
    const { submit, run } = start();
    const lists = [pictures.slice(0, 2), [bad], pictures.slice(2, 3), pictures.slice(3)];
    const answers = lists.map((list) => submit({ signatureName: 'means', inputs: strings(...list) }));
    run();
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: { status: 'INVALID_ARGUMENT' } });
    expect(await answers[3]).toEqual(model.callValues('means', strings(...pictures.slice(3))));
  });

  it('keeps nobody out with large requests whose clients have gone, or whose deadline has passed', async () => {
    const { submit, run } = start({ maxBatchSize: 2, maxEnqueuedBatches: 1 });
    const large = floats(5);
    const first = submit({ inputs: large });
    const gone = new Cancellation();
    const second = expect(submit({ inputs: large, signal: gone })).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(submit({ inputs: large })).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    gone.abort();
    await second;
    await expect(submit({ inputs: large, deadline: Date.now() + 5 })).rejects.toMatchObject({
      status: 'DEADLINE_EXCEEDED',
    });
    const last = submit({ inputs: large });
    run();
    const expected = model.callValues('serving_default', large);
    expect(await Promise.all([first, last])).toEqual([expected, expected]);
  });

  it('goes on alone when a signature turns out to mix rows', async () => {
    const runs: BatchRun[] = [];
    const batcher = new Batcher(worker.signatures, batchingOptions(), (run) => runs.push(run));
    // The answers of a signature that always gives two rows.
    const mixing = {
      canCallHere: false,
      callHere: () => ({ outputs: {}, seconds: 0 }),
      call: () =>
        Promise.resolve({
          outputs: { y: { dtype: 'float32', shape: [2], values: Float32Array.of(1, 2) } as const },
          seconds: 1,
        }),
    };
    const answers = [1, 3].map((rows) =>
      batcher.submit({ signatureName: 'serving_default', inputs: floats(rows), outputs: ['y'] }),
    );
    batcher.addWorker(mixing);
    for (const outputs of await Promise.all(answers)) expect(outputs.y?.values).toEqual(Float32Array.of(1, 2));
    expect(runs).toHaveLength(2);
  });

  it('waits for others as long as it is told to', async () => {
    const { submit, run, together } = start({ batchTimeoutMicros: 200_000, maxBatchSize: 3 });
    run();
    const answers = [submit({ inputs: floats(1) }), submit({ inputs: floats(1) }), submit({ inputs: floats(1) })];
    await Promise.all(answers);
    await submit({ inputs: floats(1) });
    expect(together()).toEqual([[3, 3, 0], [1, 1, 0]]); // prettier-ignore
  });

  it('refuses what would wait too long or take too much memory', async () => {
    const { submit, run } = start({ maxBatchSize: 2, maxEnqueuedBatches: 2, maxEnqueuedBytes: 1000 });
    const large = Promise.all([submit({ inputs: floats(2, 100) }), submit({ inputs: floats(2, 1) })]);
    await expect(submit({ inputs: floats(1, 1) })).rejects.toMatchObject({
      status: 'UNAVAILABLE',
      message: 'The batch scheduling queue to which this task was submitted is full',
    });
    run();
    await large;
    const other = start({ maxEnqueuedBytes: 1000 });
    const small = other.submit({ inputs: floats(1, 1) });
    await expect(other.submit({ inputs: floats(1, 300) })).rejects.toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    other.run();
    await small;
  });

  it('drops what nobody waits for any more, and computes the rest', async () => {
    const { batcher, submit, run, together } = start();
    const leaving = new AbortController();
    const gone = submit({ inputs: floats(1), signal: leaving.signal });
    const late = submit({ inputs: floats(1), deadline: Date.now() + 20 });
    const kept = submit({ inputs: floats(2), deadline: Date.now() + 1e12, signal: new AbortController().signal });
    await expect(submit({ inputs: floats(1), deadline: Date.now() - 1 })).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED' });
    await expect(submit({ inputs: floats(1), signal: AbortSignal.abort() })).rejects.toMatchObject({ status: 'CANCELLED' });
    leaving.abort();
    await expect(gone).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(late).rejects.toMatchObject({ status: 'DEADLINE_EXCEEDED', message: 'Deadline Exceeded' });
    expect(batcher.waiting).toBe(1);
    run();
    expect((await kept).y?.shape).toEqual([2, 1]);
    await batcher.idle();
    expect(together()).toEqual([[1, 2, 0]]);
  }); // prettier-ignore

  it.each<[BatchingOptions, string]>([
    [{ maxBatchSize: 0 }, 'maxBatchSize is a whole number from 1. Received: 0.'],
    [{ batchTimeoutMicros: -1 }, 'batchTimeoutMicros is a whole number from 0. Received: -1.'],
    [
      { allowedBatchSizes: [4, 2] },
      'allowedBatchSizes (--allowed-batch-sizes) rise up to maxBatchSize (--max-batch-size), 2. Received: 4, 2.',
    ],
    [
      { allowedBatchSizes: [1, 2], maxBatchSize: 4 },
      'allowedBatchSizes (--allowed-batch-sizes) rise up to maxBatchSize (--max-batch-size), 4. Received: 1, 2.',
    ],
  ])('refuses %j', (options, message) => {
    expect(() => batchingOptions(options)).toThrow(message);
  });
});
