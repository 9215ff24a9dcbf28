import { expect, it } from 'vitest';

import { freeCopied } from '../../../src/serving/worker/free-copied.js';

it('frees the memory of large values that were copied, and nothing else', () => {
  const floats = (values: Float32Array) => ({ dtype: 'float32', shape: [values.length], values }) as const;
  const strings = (...values: Uint8Array[]) => ({ dtype: 'string', shape: [values.length], values }) as const;
  const [copied, moved, small] = [2 ** 16, 2 ** 16, 100].map((length) => new Float32Array(length));
  const [text, kept] = [new Uint8Array(2 ** 16), new Uint8Array(2 ** 17)];
  const shared = new Float32Array(new SharedArrayBuffer(2 ** 20));
  if (!copied || !moved || !small) throw new Error('unreachable');
  const values = {
    copied: floats(copied),
    again: floats(copied),
    moved: floats(moved),
    small: floats(small),
    shared: floats(shared),
    texts: strings(text.subarray(0, 9), text.subarray(9), kept.subarray(5)),
  };
  freeCopied(values, [moved.buffer, kept.buffer]);
  const lengths = [copied, moved, small, text, kept, shared].map(({ buffer }) => buffer.byteLength);
  expect(lengths).toEqual([0, 2 ** 18, 400, 0, 2 ** 17, 2 ** 20]);
});
