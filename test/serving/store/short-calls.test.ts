import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { Batcher } from '../../../src/serving/store/batching.js';
import { batchingOptions } from '../../../src/serving/store/batching-options.js';
import type { SignatureCall } from '../../../src/serving/store/queued-request.js';
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

type Inputs = SignatureCall['inputs'];
const call = (inputs: Inputs, signatureName = 'serving_default'): SignatureCall => ({ signatureName, inputs });

/** What is known after eight calls. */
function known(inputs: Inputs, ...seconds: number[]): ShortCalls {
  const calls = new ShortCalls();
  for (let i = 0; i < 8; i += 1) calls.observe(call(inputs), seconds[i] ?? short);
  return calls;
}

describe('ShortCalls', () => {
  it('knows a call from eight others of its signature', () => {
    const calls = new ShortCalls();
    for (let i = 0; i < 7; i += 1) calls.observe(call({ x: floats(4) }), short);
    expect(calls.isShort(call({ x: floats(4) }))).toBe(false);
    calls.observe(call({ x: floats(4) }), short);
    expect(calls.isShort(call({ x: floats(4) }))).toBe(true);
    expect(calls.isShort(call({ x: floats(3) }))).toBe(true);
    expect(calls.isShort(call({ x: floats(4) }, 'serving_bytes'))).toBe(false);
  });

  it('does not take a call for short that is larger than each short one', () => {
    const calls = known({ x: floats(4) });
    expect(calls.isShort(call({ x: floats(5) }))).toBe(false);
    calls.observe(call({ x: floats(100) }), 0.01);
    expect(calls.isShort(call({ x: floats(50) }))).toBe(false);
  });

  it('gives a signature up when most calls take longer', () => {
    const long = 0.001;
    expect(known({ x: floats(4) }, long, long, long).isShort(call({ x: floats(4) }))).toBe(true);
    expect(known({ x: floats(4) }, long, long, long, long, long).isShort(call({ x: floats(4) }))).toBe(false);
  });

  it('tells the outputs apart that clients want, in any order and however often they name them', () => {
    const wanting = (...outputs: string[]) => ({ ...call({ x: floats(4) }), outputs });
    const calls = new ShortCalls();
    for (let i = 0; i < 8; i += 1) calls.observe(wanting('a', 'b'), short);
    expect(calls.isShort(wanting('b', 'a', 'b'))).toBe(true);
    for (const other of [wanting('a'), wanting('a,b'), call({ x: floats(4) })]) {
      expect(calls.isShort(other)).toBe(false);
    }
  });

  it('remembers the 64 kinds of calls that came last', () => {
    const kind = (i: number) => call({ x: floats(4) }, `signature ${i}`);
    const calls = new ShortCalls();
    const observe = (i: number) => calls.observe(kind(i), short);
    for (let i = 0; i < 64; i += 1) for (let times = 0; times < 8; times += 1) observe(i);
    observe(0);
    observe(64);
    expect([0, 1, 2, 63].filter((i) => calls.isShort(kind(i)))).toEqual([0, 2, 63]);
  });

  it('may take longer if it would wait for a large call otherwise', () => {
    for (const [seconds, expected] of [
      [short, [true, true]],
      [0.003, [false, true]],
      [0.005, [false, false]],
    ] as const) {
      const calls = new ShortCalls();
      const small = call({ x: floats(4) });
      for (let i = 0; i < 8; i += 1) calls.observe(small, seconds);
      expect([calls.isShort(small), calls.isShort(small, true)]).toEqual(expected);
      expect(calls.isShort(call({ x: floats(5) }), true)).toBe(false);
    }
  });

  it('counts the pixels that images declare, and leaves other strings and integers to workers', async () => {
    const [image = Buffer.alloc(0)] = await encodedImages();
    const calls = known({ image: strings(image) });
    expect(calls.isShort(call({ image: strings(image) }))).toBe(true);
    // A few bytes of a PNG that claim 20,000 x 20,000 pixels.
    const bomb = Buffer.from('89504e470d0a1a0a0000000d49484452'.concat('00004e20', '00004e20', '0802000000'), 'hex');
    expect(calls.isShort(call({ image: strings(bomb) }))).toBe(false);
    expect(calls.isShort(call({ image: strings(Buffer.from('x')) }))).toBe(false);
    const sizes: TensorValue = { dtype: 'int32', shape: [1], values: Int32Array.of(3) };
    expect(known({ sizes }).isShort(call({ sizes }))).toBe(false);
  });

  it('does not look through strings that are more than each short call had', async () => {
    const [image = Buffer.alloc(0)] = await encodedImages();
    const calls = known({ image: strings(image) });
    const unread = new Proxy(Buffer.alloc(1e6), {
      get: (target, key) => {
        if (key === 'length') return target.length;
        throw new Error(`${String(key)} was read`);
      },
    });
    expect(calls.isShort(call({ image: strings(unread) }))).toBe(false);
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

describe('AnsweringThread, while all workers compute large calls', () => {
  it('runs one call, and the next one after twice the time', async () => {
    const thread = new AnsweringThread();
    const again: string[] = [];
    expect(thread.mayHelp(() => again.push('first'))).toBe(true);
    const second = () => again.push('second');
    for (const each of [second, second, () => again.push('third')]) expect(thread.mayHelp(each)).toBe(false);
    const started = performance.now();
    while (performance.now() - started < 20);
    await new Promise(setImmediate);
    expect(again).toEqual([]);
    while (again.length === 0) await new Promise(setImmediate);
    expect(performance.now() - started).toBeGreaterThanOrEqual(60);
    expect(again).toEqual(['second', 'third']);
    expect(thread.mayHelp(second)).toBe(true);
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

  it('runs in the thread that answers while a worker computes a large one', async () => {
    const ran: string[] = [];
    let finish: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (finish = resolve));
    const watched = {
      canCallHere: true,
      call: async (...args: Parameters<InferenceWorker['call']>) => {
        ran.push('worker');
        if (args[1].x?.values.length === 300_000) await until;
        return worker.call(...args);
      },
      callHere: (...args: Parameters<InferenceWorker['callHere']>) => (ran.push('here'), worker.callHere(...args)),
    };
    const batcher = new Batcher(worker.signatures, batchingOptions());
    batcher.addWorker(watched);
    const submit = (count: number, columns = 1) => {
      const x: TensorValue = {
        dtype: 'float32',
        shape: [count, columns],
        values: new Float32Array(count * columns).fill(2),
      };
      return batcher.submit({ signatureName: 'serving_default', inputs: { x } });
    };
    for (let i = 0; i < 30 && !ran.includes('here'); i += 1) {
      await submit(2);
      await new Promise(setImmediate);
    }
    const large = submit(1, 300_000);
    while (ran.at(-1) !== 'worker') await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(await submit(2)).toEqual(model.callValues('serving_default', { x: floats(2) }));
    expect(ran.at(-1)).toBe('here');
    // Several at once too, at most one per turn.
    ran.length = 0;
    let answered = 0;
    const several = Array.from({ length: 4 }, () => submit(2).then(() => (answered += 1)));
    for (let turn = 0; answered < 4; turn += 1) {
      expect(ran.length).toBeLessThanOrEqual(turn + 1);
      await new Promise(setImmediate);
    }
    expect(await Promise.all(several)).toEqual([1, 2, 3, 4]);
    expect(ran).toEqual(['here', 'here', 'here', 'here']);
    finish();
    expect((await large).y?.values.length).toBe(300_000);
    await batcher.idle();
  });

  it('keeps the model until both threads have let go', async () => {
    await worker.end();
    expect(worker.canCallHere).toBe(false);
    expect(() => worker.callHere('serving_default', { x: floats(1) })).toThrow('in a thread of its own');
  });
});
