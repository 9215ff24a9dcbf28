import { crc32 } from 'node:zlib';

import sharp from 'sharp';

const picture = () => sharp({ create: { width: 20, height: 10, channels: 3, background: '#123456' } });

/** A PNG of 20 x 10 pixels whose header claims another size, with chunks before it that libpng ignores. */
export async function pngClaiming(width: number, height: number, before: Uint8Array = Buffer.of()): Promise<Buffer> {
  const bytes = await picture().png().toBuffer();
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return Buffer.concat([bytes.subarray(0, 8), before, bytes.subarray(8)]);
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

/** A JPEG of 20 x 10 pixels whose frame header claims another size, with bytes after its first marker. */
export async function jpegClaiming(width: number, height: number, before: Uint8Array = Buffer.of()): Promise<Buffer> {
  const bytes = await picture().jpeg().toBuffer();
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc0));
  bytes.writeUInt16BE(height, frame + 5);
  bytes.writeUInt16BE(width, frame + 7);
  return Buffer.concat([bytes.subarray(0, 2), before, bytes.subarray(2)]);
}

/** A GIF whose frames claim sizes, but have one pixel each. */
export function gifClaiming(...sizes: readonly (readonly [width: number, height: number])[]): Buffer {
  const head = Buffer.from('474946383961010001008000000000000000ff', 'hex');
  const frames = sizes.map(([width, height]) => {
    const frame = Buffer.from('2c0000000000000000000202440100', 'hex');
    frame.writeUInt16LE(width, 5);
    frame.writeUInt16LE(height, 7);
    return frame;
  });
  return Buffer.concat([head, ...frames, Buffer.of(0x3b)]);
}

/** A gray BMP header that claims a size, with no pixels. */
export function bmpClaiming(width: number, height: number): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  return header;
}
