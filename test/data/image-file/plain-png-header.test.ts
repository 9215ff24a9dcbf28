import { crc32 } from 'node:zlib';

import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { isPictureAlone, plainPngHeader } from '../../../src/data/image-file/plain-png-header.js';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

describe('plainPngHeader', () => {
  it.each([
    ['gray', { channels: 1 }, {}],
    ['gray with transparency', { channels: 2 }, {}],
    ['colour', { channels: 3 }, {}],
    ['colour with transparency', { channels: 4 }, {}],
    ['a palette', { channels: 3 }, { palette: true }],
    ['rows in seven passes', { channels: 3 }, { progressive: true }],
  ] as const)('reads the header of a PNG with %s', async (_, { channels }, options) => {
    const raw = { width: 5, height: 3, channels };
    const bytes = await sharp(Buffer.alloc(15 * channels, 7), { raw })
      .png(options)
      .toBuffer();
    expect(plainPngHeader(withoutOthers(bytes))).toEqual({ width: 5, height: 3, isOpaque: channels % 2 === 1 });
  });

  it('says that samples have 16 bits', async () => {
    const raw = { width: 2, height: 2, channels: 3 } as const;
    const bytes = await sharp(new Uint16Array(12), { raw }).toColourspace('rgb16').png().toBuffer();
    expect(plainPngHeader(withoutOthers(bytes))).toEqual({ width: 2, height: 2, bitsPerSample: 16, isOpaque: true });
  });

  it('leaves a PNG with other chunks before the picture to sharp', async () => {
    const raw = { width: 2, height: 2, channels: 3 } as const;
    const bytes = await sharp(Buffer.alloc(12), { raw }).withExif({ IFD0: { Copyright: 'me' } }).png().toBuffer(); // prettier-ignore
    expect(bytes.includes('eXIf')).toBe(true);
    expect(plainPngHeader(bytes)).toBeNull();
  });

  it('says what sharp says, whatever the header claims', async () => {
    const size = fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 300 }), weight: 4 },
      { arbitrary: fc.integer({ min: 0, max: 2 ** 32 - 1 }), weight: 1 },
    );
    const depths = fc.constantFrom(1, 2, 4, 8, 16, 3, 0);
    const types = fc.constantFrom(0, 2, 3, 4, 6, 1, 7);
    const mostlyNothing = fc.constantFrom(0, 0, 0, 0, 1);
    const passes = fc.constantFrom(0, 1, 2);
    const colours = fc.constantFrom(0, 1, 3, 4, 48, 768, 771);
    let compared = 0;
    const property = fc.asyncProperty(
      size,
      size,
      depths,
      types,
      mostlyNothing,
      mostlyNothing,
      passes,
      colours,
      async (width, height, ...others) => {
        const [depth, colors, compression, filter, interlace, paletteBytes] = others;
        const header = Buffer.alloc(13);
        header.writeUInt32BE(width, 0);
        header.writeUInt32BE(height, 4);
        header.set([depth, colors, compression, filter, interlace], 8);
        const between = paletteBytes === 0 ? [] : [chunk('PLTE', Buffer.alloc(paletteBytes))];
        const bytes = Buffer.concat([signature, chunk('IHDR', header), ...between, chunk('IDAT', Buffer.alloc(20)), chunk('IEND', Buffer.alloc(0))]); // prettier-ignore
        const own = plainPngHeader(bytes);
        if (own === null) return;
        compared += 1;
        const known = await sharp(bytes, { limitInputPixels: false }).metadata();
        const { bitsPerSample, isOpaque, ...sides } = own;
        expect(sides).toEqual({ width: known.width, height: known.height });
        expect(bitsPerSample === 16).toBe(known.depth === 'ushort');
        expect(known.pages).toBeUndefined();
        expect(known.hasAlpha).toBe(!isOpaque);
      },
    );
    await fc.assert(property, { numRuns: 15_000 });
    expect(compared).toBeGreaterThan(100);
  });
});

describe('isPictureAlone', () => {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const png = (...others: Buffer[]) => Buffer.concat([signature, chunk('IHDR', header), ...others]);
  const [pixels, end, text] = [chunk('IDAT', Buffer.alloc(9)), chunk('IEND', Buffer.alloc(0)), chunk('tEXt', Buffer.from('me'))]; // prettier-ignore

  it.each([
    ['a picture in two parts', png(pixels, pixels, end), true],
    ['text before it', png(text, pixels, end), false],
    ['text after it', png(pixels, text, end), false],
    ['bytes after its end', png(pixels, end, text), false],
    ['no end', png(pixels), false],
    ['an end that is cut off', png(pixels, end).subarray(0, -1), false],
  ])('looks at all of a PNG with %s', (_, bytes, isAlone) => {
    expect(isPictureAlone(bytes)).toBe(isAlone);
  });
});

function chunk(name: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const named = Buffer.concat([Buffer.from(name, 'latin1'), content]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

/** The PNG without the chunks that libvips adds, such as its resolution. */
function withoutOthers(bytes: Buffer): Buffer {
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const isCritical = ((bytes[at + 4] ?? 0) & 0x20) === 0;
    if (isCritical) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}
