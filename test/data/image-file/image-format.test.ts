import { describe, expect, it } from 'vitest';

import { describeContent } from '../../../src/data/image-file/describe-content.js';
import { formatOfName, isTranscoded, sniffImageFormat } from '../../../src/data/image-file/image-format.js';
import { avif, bmp, gif, jpeg, png, tiff, webp } from '../samples.js';

function box(type: string, ...brands: string[]): Buffer {
  const content = Buffer.from(`ftyp${type}\0\0\0\0${brands.join('')}`);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(content.length + 4);
  return Buffer.concat([size, content]);
}

describe('sniffImageFormat', () => {
  it.each([
    ['jpeg', jpeg],
    ['png', png],
    ['gif', gif],
    ['bmp', bmp()],
    ['webp', webp],
    ['avif', avif],
    ['tiff', tiff],
    ['tiff', Buffer.from('MM\0*\0\0\0\x08')],
    ['avif', box('mif1', 'miaf', 'avif')],
    ['bmp', Buffer.from('BM')],
  ])('knows %s by its first bytes', (format, bytes) => {
    expect(sniffImageFormat(bytes)).toBe(format);
  });

  it.each([
    ['nothing', ''],
    ['a text that begins like a BMP', 'BMW makes cars and motorcycles'],
    ['a WAV file', 'RIFF\0\0\0\0WAVEfmt '],
    ['a raw image of a camera', 'II*\0\x10\0\0\0CR\x02\0'],
  ])('takes %s for no image', (_, text) => {
    expect(sniffImageFormat(Buffer.from(text, 'latin1'))).toBeNull();
  });

  it('looks at the bytes of a view, not at those before it', () => {
    const view = new Uint8Array(Buffer.concat([Buffer.from('xx'), png])).subarray(2);
    expect(sniffImageFormat(view)).toBe('png');
  });
});

describe('describeContent', () => {
  it.each([
    ['a HEIC image', box('heic', 'mif1')],
    ['a HEIC image', box('mif1', 'heic')],
    ['a raw image of a camera', box('crx ', 'isom')],
    ['a video', box('isom', 'mp41')],
    ['a JPEG XL image', Buffer.from([0xff, 0x0a])],
    ['a JPEG 2000 image', Buffer.from('\0\0\0\x0cjP  \r\n', 'latin1')],
    ['a PDF document', Buffer.from('%PDF-1.7')],
    ['a ZIP archive', Buffer.from('PK\x03\x04')],
    ['a Netpbm image', Buffer.from('P6\n2 2\n255\n')],
    ['an HTML page', Buffer.from('\n <!DOCTYPE html>\n<html>')],
    ['an SVG image', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['an SVG image', Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- drawn -->\n<svg/>')],
    ['an XML document', Buffer.from('<?xml version="1.0"?><annotation/>')],
    [
      'a Git LFS pointer, whose image was never fetched: run `git lfs pull`',
      Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:1\n'),
    ],
    ['text', Buffer.from('cat,1\ndög,2\n')],
    ['text', Buffer.from('é'.repeat(600))],
    ['of a format that is not recognised', Buffer.from([1, 2, 3, 0, 255])],
  ])('says that it is %s', (what, bytes) => {
    expect(describeContent(bytes)).toBe(what);
  });
});

describe('formatOfName', () => {
  it.each([
    ['a/cat.JPG', 'JPEG'],
    ['cat.tif', 'TIFF'],
    ['IMG_0001.HEIC', 'HEIC'],
    ['cat', null],
    ['cat.toString', null],
    ['cat.constructor', null],
    ['.png', null],
  ])('%s claims %s', (name, format) => {
    expect(formatOfName(name)).toBe(format);
  });
});

it('transcodes what TensorFlow cannot decode', () => {
  expect((['jpeg', 'png', 'gif', 'bmp', 'webp', 'avif', 'tiff'] as const).filter(isTranscoded)).toEqual([
    'webp',
    'avif',
    'tiff',
  ]);
});
