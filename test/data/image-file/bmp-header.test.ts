import { describe, expect, it } from 'vitest';

import { readBmpHeader } from '../../../src/data/image-file/bmp-header.js';
import { bmp, palette } from '../samples.js';

const usualMasks = Buffer.from('0000ff0000ff0000ff000000', 'hex');
const otherMasks = Buffer.from('ff00000000ff00000000ff00', 'hex');
const gray = palette((position) => [position, position, position]);

function read(bytes: Buffer): unknown {
  return readBmpHeader(bytes, bytes.length);
}

describe('readBmpHeader', () => {
  it.each([
    ['24 bits', bmp()],
    ['32 bits', bmp({ bits: 32 })],
    ['32 bits in the usual fields', bmp({ bits: 32, compression: 3, extra: usualMasks })],
    ['8 bits of gray', bmp({ bits: 8, extra: gray })],
    ['rows from the top', bmp({ height: -2 })],
  ])('reads the size of an image with %s', (_, bytes) => {
    expect(read(bytes)).toEqual({ width: 3, height: 2 });
  });

  it.each([
    ['is a 16-bit BMP', bmp({ bits: 16 })],
    ['is a 1-bit BMP', bmp({ bits: 1 })],
    ['is a BMP with compression (RLE8)', bmp({ bits: 8, compression: 1, extra: gray })],
    ['is a BMP with compression (bit fields)', bmp({ bits: 32, compression: 3, extra: otherMasks })],
    ['is a BMP with compression (99)', bmp({ compression: 99 })],
    ['is a BMP with a colour palette', bmp({ bits: 8, extra: palette((position) => [position, 0, 0]) })],
    ['is a BMP with 2 bytes after its pixels', Buffer.concat([bmp(), Buffer.alloc(2)])],
  ])('refuses what TensorFlow cannot decode: %s', (what, bytes) => {
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({
        kind: 'unsupported',
        message: `${what}, which TensorFlow cannot decode: save it as PNG`,
      }),
    );
  });

  it('refuses the header of OS/2, whose fields are elsewhere', () => {
    const bytes = bmp();
    bytes.writeUInt32LE(12, 14);
    expect(() => read(bytes)).toThrow('is a BMP of OS/2, which TensorFlow cannot decode: save it as PNG');
  });

  it.each([
    ['ends within its BMP header', bmp().subarray(0, 40)],
    ['lacks 5 bytes at its end', bmp().subarray(0, -5)],
    ['claims a width of 0 and a height of 2', bmp({ width: 0 })],
    ['claims a width of -3 and a height of 2', bmp({ width: -3 })],
    ['claims a width of 3 and a height of 0', bmp({ height: 0 })],
  ])('finds it corrupt: %s', (message, bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ kind: 'corrupt', message }));
  });
});
