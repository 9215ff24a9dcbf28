import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { Batcher } from '../../../src/serving/store/batching.js';
import { batchingOptions } from '../../../src/serving/store/batching-options.js';
import { AnsweringThread, ShortCalls } from '../../../src/serving/store/short-calls.js';
import { InferenceWorker } from '../../../src/serving/worker/inference-worker.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const floats = (count: number): TensorValue => ({
  dtype: 'float32',
  shape: [count, 1],
  values: new Float32Array(count).fill(2),
});
const strings = (...values: Uint8Array[]): TensorValue => ({ dtype: 'string', shape: [values.length], values });
const short = 0.0002;

/** What is known after eight calls. */
function known(inputs: Record<string, TensorValue>, ...seconds: number[]): ShortCalls {
  const calls = new ShortCalls();
  for (let i = 0; i < 8; i += 1) calls.observe('serving_default', inputs, seconds[i] ?? short);
  return calls;
}

describe('ShortCalls', () => {
  it('knows a call from eight others of its signature', () => {
    const calls = new ShortCalls();
    for (let i = 0; i < 7; i += 1) calls.observe('serving_default', { x: floats(4) }, short);
    expect(calls.isShort('serving_default', { x: floats(4) })).toBe(false);
    calls.observe('serving_default', { x: floats(4) }, short);
    expect(calls.isShort('serving_default', { x: floats(4) })).toBe(true);
    expect(calls.isShort('serving_default', { x: floats(3) })).toBe(true);
    expect(calls.isShort('serving_bytes', { x: floats(4) })).toBe(false);
  });

  it('does not take a call for short that is larger than each short one', () => {
    const calls = known({ x: floats(4) });
    expect(calls.isShort('serving_default', { x: floats(5) })).toBe(false);
    calls.observe('serving_default', { x: floats(100) }, 0.01);
    expect(calls.isShort('serving_default', { x: floats(50) })).toBe(false);
  });

  it('gives a signature up when most calls take longer', () => {
    const long = 0.001;
    expect(known({ x: floats(4) }, long, long, long).isShort('serving_default', { x: floats(4) })).toBe(true);
    expect(known({ x: floats(4) }, long, long, long, long, long).isShort('serving_default', { x: floats(4) })).toBe(
      false,
    );
  });

  it('counts the pixels that images declare, and leaves other strings and integers to workers', async () => {
    const [image = Buffer.alloc(0)] = await encodedImages();
    const calls = known({ image: strings(image) });
    expect(calls.isShort('serving_default', { image: strings(image) })).toBe(true);
    // A few bytes of a PNG that claim 20,000 x 20,000 pixels.
    const bomb = Buffer.from('89504e470d0a1a0a0000000d49484452'.concat('00004e20', '00004e20', '0802000000'), 'hex');
    expect(calls.isShort('serving_default', { image: strings(bomb) })).toBe(false);
    expect(calls.isShort('serving_default', { image: strings(Buffer.from('x')) })).toBe(false);
    const sizes: TensorValue = { dtype: 'int32', shape: [1], values: Int32Array.of(3) };
    expect(known({ sizes }).isShort('serving_default', { sizes })).toBe(false);
  });
});

describe('AnsweringThread', () => {
  const nextTurn = () => new Promise(setImmediate);

  it('is free for a call that comes alone', async () => {
    const thread = new AnsweringThread();
    for (let i = 0; i < 3; i += 1) {
      const end = thread.begin();
      expect(thread.isFree).toBe(true);
      end();
      await nextTurn();
    }
  });

  it('is not free while another call is open, or calls come several at a time', async () => {
    const thread = new AnsweringThread();
    const ends = [thread.begin()];
    await nextTurn();
    ends.push(thread.begin());
    expect(thread.isFree).toBe(false);
    ends.forEach((end) => end());
    thread.begin()();
    await nextTurn();
    const end = thread.begin();
    expect(thread.isFree).toBe(false);
    end();
    await nextTurn();
    thread.begin();
    expect(thread.isFree).toBe(true);
  });
});

describe('a short call', () => {
  let worker: InferenceWorker;
  let model: LoadedSavedModel;

  beforeAll(async () => {
    const directory = await saveScale(await temporaryFolderForAll(), 3);
    // Other tests of this process may have set it: then nothing is measured, and nothing runs in the thread that calls.
    delete process.env.TF_NUM_INTRAOP_THREADS;
    worker = await InferenceWorker.start(directory);
    // Whether one thread is as fast as all is measured, which goes wrong now and then on a busy machine.
    for (let tries = 1; tries < 20 && !worker.canCallHere; tries += 1) {
      await worker.end();
      worker = await InferenceWorker.start(directory);
    }
    model = await LoadedSavedModel.load(directory);
  });
  afterAll(() => {
    model.dispose();
  });

  it('gives in this thread what the worker gives, errors too', async () => {
    expect(worker.canCallHere).toBe(true);
    const here = worker.callHere('serving_default', { x: floats(3) });
    expect(here.outputs).toEqual((await worker.call('serving_default', { x: floats(3) })).outputs);
    const pictures = strings(Buffer.from('no picture'));
    expect(() => worker.callHere('means', { pictures })).toThrow('TensorFlow could not run the graph');
    await expect(worker.call('means', { pictures })).rejects.toThrow('TensorFlow could not run the graph');
  });

  it('runs in the thread that answers, unless others wait', async () => {
    const ran: string[] = [];
    const watched = {
      canCallHere: true,
      call: (...args: Parameters<InferenceWorker['call']>) => (ran.push('worker'), worker.call(...args)),
      callHere: (...args: Parameters<InferenceWorker['callHere']>) => (ran.push('here'), worker.callHere(...args)),
    };
    const batcher = new Batcher(worker.signatures, batchingOptions());
    batcher.addWorker(watched);
    const submit = () => batcher.submit({ signatureName: 'serving_default', inputs: { x: floats(2) } });
    for (let i = 0; i < 30 && !ran.includes('here'); i += 1) {
      expect(await submit()).toEqual(model.callValues('serving_default', { x: floats(2) }));
      await new Promise(setImmediate);
    }
    expect(ran).toContain('here');
    ran.length = 0;
    await Promise.all(Array.from({ length: 20 }, submit));
    expect(ran.length).toBeLessThan(5);
    expect(ran.at(-1)).toBe('worker');
  });

  it('keeps the model until both threads have let go', async () => {
    await worker.end();
    expect(worker.canCallHere).toBe(false);
    expect(() => worker.callHere('serving_default', { x: floats(1) })).toThrow('in a thread of its own');
  });
});
