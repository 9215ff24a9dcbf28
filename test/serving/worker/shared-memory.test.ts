import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { packValues, unpackValues } from '../../../src/serving/worker/packed-value.js';
import { placeValues, sharedBufferOf, SharedMemory } from '../../../src/serving/worker/shared-memory.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';

const mebi = 2 ** 20;
const inMemory = (memory: SharedArrayBuffer): { x: TensorValue } => ({
  x: { dtype: 'float32', shape: [4], values: new Float32Array(memory, 8, 4) },
});

describe('shared memory', () => {
  it('is lent again once nobody holds it any more', () => {
    const shared = new SharedMemory();
    expect(shared.take(mebi - 1)).toBeUndefined();
    const first = shared.take(3 * mebi);
    if (!first) throw new Error('none was lent');
    expect([first.byteLength, shared.lent]).toEqual([4 * mebi, 1]);
    shared.hold(inMemory(first));
    shared.giveBack(first);
    expect(shared.take(4 * mebi)).not.toBe(first);
    shared.release(inMemory(first));
    expect(shared.take(4 * mebi)).toBe(first);
  });

  it('is not given back twice, and not by whoever has other memory', () => {
    const shared = new SharedMemory();
    const first = shared.take(mebi);
    if (!first) throw new Error('none was lent');
    shared.giveBack(first);
    shared.giveBack(first);
    shared.release(inMemory(new SharedArrayBuffer(mebi)));
    expect([shared.take(mebi), shared.lent]).toEqual([first, 1]);
    expect(shared.take(mebi)).not.toBe(first);
  });

  it('is limited', () => {
    const shared = new SharedMemory();
    const lent = Array.from({ length: 8 }, () => shared.take(50 * mebi));
    expect(lent.filter(Boolean).length).toBe(5);
    expect(shared.take(mebi)?.byteLength).toBeUndefined();
    if (lent[0]) shared.giveBack(lent[0]);
    expect(shared.take(60 * mebi)).toBe(lent[0]);
  });
});

describe('shared memory without room', () => {
  const fill = (shared: SharedMemory, bytes: number) => {
    const lent = Array.from({ length: (320 * mebi) / bytes }, () => shared.take(bytes));
    return lent.map((buffer) => {
      if (!buffer) throw new Error('none was lent');
      return buffer;
    });
  };

  it('lends what is larger than wanted, up to four times', () => {
    const shared = new SharedMemory();
    const [first, second] = fill(shared, 64 * mebi);
    for (const buffer of [first, second]) if (buffer) shared.giveBack(buffer);
    expect([shared.take(16 * mebi), shared.take(33 * mebi)]).toEqual([first, second]);
    if (first) shared.giveBack(first);
    expect(shared.take(8 * mebi)).toBeUndefined();
  });

  it('gives up memory of other sizes that nobody uses, at most every ten seconds', async () => {
    const shared = new SharedMemory();
    const giveAllBack = () => {
      for (const buffer of fill(shared, 8 * mebi)) shared.giveBack(buffer);
    };
    giveAllBack();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const take = async () => {
      let taken: SharedArrayBuffer | undefined;
      for (let tries = 0; !taken && tries < 20; tries += 1) {
        collect();
        await new Promise(setImmediate);
        taken = shared.take(64 * mebi);
      }
      return taken;
    };
    const taken = await take();
    if (!taken) throw new Error('no room was made');
    shared.giveBack(taken);
    // The rest is lent as smaller pieces again.
    const lent = Array.from({ length: 32 }, () => shared.take(8 * mebi));
    for (const buffer of lent) if (buffer) shared.giveBack(buffer);
    expect(shared.take(256 * mebi)).toBeUndefined();
    collect();
    await new Promise(setImmediate);
    expect(shared.take(256 * mebi)).toBeUndefined();
  });
});

describe('values in shared memory', () => {
  const values: Readonly<Record<string, TensorValue>> = {
    bytes: { dtype: 'string', shape: [2], values: [new Uint8Array(mebi).fill(1), new Uint8Array(5).fill(2)] },
    numbers: { dtype: 'int64', shape: [mebi / 8], values: new BigInt64Array(mebi / 8).fill(3n) },
    few: { dtype: 'float32', shape: [2], values: Float32Array.of(4, 5) },
    many: { dtype: 'uint8', shape: [4 * mebi], values: new Uint8Array(4 * mebi).fill(6) },
  };

  it('are the large ones that fit, and are as before', () => {
    const memory = new SharedArrayBuffer(4 * mebi);
    const placed = placeValues(values, memory);
    expect(placed).toEqual(values);
    const shared = Object.entries(placed).filter(([, value]) => sharedBufferOf(value.values) === memory);
    expect(shared.map(([name]) => name)).toEqual(['bytes', 'numbers']);
  });

  it('stay where they are when they are sent to another thread', () => {
    const memory = new SharedArrayBuffer(4 * mebi);
    const { values: packed, transfer } = packValues(placeValues(values, memory), true);
    // The ends of the strings, and the values that are not shared.
    expect(transfer.map(({ byteLength }) => byteLength)).toEqual([16, 8, 4 * mebi]);
    const received = structuredClone(packed, { transfer });
    const unpacked = unpackValues(received, memory);
    expect(sharedBufferOf(unpacked.bytes?.values ?? [])).toBe(memory);
    expect(sharedBufferOf(unpacked.numbers?.values ?? [])).toBe(memory);
    expect(unpacked.many?.values.length).toBe(4 * mebi);
    expect([...(unpacked.few?.values ?? [])]).toEqual([4, 5]);
  });
});
