import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { inspectImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import type { ImageLimits } from '../../../src/data/image-file/image-limits.js';
import { avif, bmp, gif, gifClaiming, image, jpeg, png, pngClaiming, temporaryDirectory } from '../samples.js';
import { tiff, webp, writeFiles } from '../samples.js';

/** What is said of a file with this name and content. */
async function inspect(name: string, content: Uint8Array | string, limits?: ImageLimits) {
  const directory = temporaryDirectory();
  writeFiles(directory, { [name]: content });
  const { path, ...result } = await inspectImageFile(join(directory, name), 3, limits);
  expect(path).toBe(join(directory, name));
  return result;
}

function cut(bytes: Buffer, kept: number): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * kept));
}

/** The checksum of a file below 64 KiB covers the whole file, then its last 12 bytes once more. */
const checksumOf = (bytes: Buffer) => crc32(bytes.subarray(-12), crc32(bytes));

describe('an image that can be used', () => {
  it.each([
    ['jpeg', 'cat.jpg', jpeg],
    ['png', 'cat.png', png],
    ['gif', 'cat.gif', gif],
    ['webp', 'cat.webp', webp],
    ['avif', 'cat.avif', avif],
    ['tiff', 'cat.tif', tiff],
  ])('is described by its header: %s', async (format, name, bytes) => {
    const expected = { label: 3, format, width: 60, height: 40, sizeBytes: bytes.length, checksum: checksumOf(bytes) };
    expect(await inspect(name, bytes)).toEqual(expected);
  });

  it('may be a BMP, which sharp does not read', async () => {
    expect(await inspect('cat.bmp', bmp())).toEqual({
      label: 3,
      format: 'bmp',
      width: 3,
      height: 2,
      sizeBytes: 78,
      checksum: checksumOf(bmp()),
    });
  });

  it('may be larger than what is read first', async () => {
    const bytes = await image(400, 300).png().toBuffer();
    expect(bytes.length).toBeGreaterThan(65_536);
    expect(await inspect('cat.png', bytes)).toMatchObject({ width: 400, height: 300 });
  });

  it('may have a header larger than what is read first', async () => {
    const segment = Buffer.concat([Buffer.from([0xff, 0xe2, 0xff, 0xff]), Buffer.alloc(65_533)]);
    const bytes = Buffer.concat([jpeg.subarray(0, 2), segment, segment, jpeg.subarray(2)]);
    expect(await inspect('cat.jpg', bytes)).toMatchObject({ format: 'jpeg', width: 60 });
  });

  it('may have another name than its format: that is noted', async () => {
    expect(await inspect('cat.jpg', gif)).toMatchObject({ format: 'gif', misnamedAs: 'JPEG' });
    expect(await inspect('IMG_0001.HEIC', jpeg)).toMatchObject({ format: 'jpeg', misnamedAs: 'HEIC' });
    expect(await inspect('cat.JPEG', jpeg)).not.toHaveProperty('misnamedAs');
    expect(await inspect('cat', jpeg)).not.toHaveProperty('misnamedAs');
  });

  it.each(['jpeg', 'png', 'webp', 'tiff'] as const)(
    'keeps its stored size under an EXIF orientation: %s',
    async (to) => {
      const bytes = await image().withMetadata({ orientation: 6 }).toFormat(to).toBuffer();
      expect(await inspect(`cat.${to}`, bytes)).toMatchObject({ width: 60, height: 40, orientation: 6 });
    },
  );

  it('may have several frames: that is noted', async () => {
    const frames = await Promise.all([1, 2, 3].map(() => image(20, 10).png().toBuffer()));
    for (const format of ['gif', 'webp'] as const) {
      const bytes = await sharp(frames, { join: { animated: true } })
        .toFormat(format)
        .toBuffer();
      expect(await inspect(`cat.${format}`, bytes)).toMatchObject({ width: 20, height: 10, frames: 3 });
    }
  });

  it.each(['a.png[page=1]', 'b[access=random].png', 'new\nline.png'])('may have the name %j', async (name) => {
    expect(await inspect(name, png)).toMatchObject({ format: 'png' });
  });

  it.each([
    ['JPEG', jpeg],
    ['PNG', png],
  ])('may be followed by other bytes, which TensorFlow passes over: %s', async (_, bytes) => {
    expect(await inspect('cat', Buffer.concat([bytes, Buffer.alloc(100_000, 7)]))).toMatchObject({ width: 60 });
  });
});

describe('a file that cannot be used', () => {
  it('may be empty', async () => {
    expect(await inspect('cat.png', '')).toEqual({ kind: 'empty', message: 'has no bytes' });
  });

  it.each([
    ['is text', 'no image'],
    ['is an HTML page', '<html><body>404</body></html>'],
    ['is an SVG image', '<svg/>'],
    ['is of a format that is not recognised', '\x01\x02'],
  ])('may not be an image: %s', async (message, content) => {
    expect(await inspect('cat.jpg', content)).toEqual({ kind: 'unsupported', message });
  });

  it.each([
    ['jpeg', cut(jpeg, 0.05), 'is JPEG with a header that cannot be read'],
    ['jpeg', cut(jpeg, 0.9), 'is cut off: the download or copy was not completed'],
    ['jpeg', jpeg.subarray(0, -1), 'is cut off: the download or copy was not completed'],
    ['png', png.subarray(0, 20), 'is PNG with a header that cannot be read'],
    ['png', cut(png, 0.5), 'is cut off: the download or copy was not completed'],
    ['png', png.subarray(0, -12), 'is cut off: the download or copy was not completed'],
    ['gif', cut(gif, 0.5), 'has no complete frame'],
    ['bmp', bmp().subarray(0, -4), 'lacks 4 bytes at its end'],
    ['webp', cut(webp, 0.5), 'is WebP with a header that cannot be read'],
    ['avif', avif.subarray(0, 60), 'is AVIF with a header that cannot be read'],
    ['avif', cut(avif, 0.9), 'is cut off: the download or copy was not completed'],
    ['tiff', cut(tiff, 0.9), 'is TIFF with a header that cannot be read'],
  ])('may be cut off: %s', async (_, bytes, message) => {
    expect(await inspect('cat', bytes)).toEqual({ kind: 'corrupt', message });
  });

  it('may be cut off though its thumbnail is complete', async () => {
    const thumbnail = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), jpeg]);
    thumbnail.writeUInt16BE(jpeg.length + 2, 2);
    const whole = Buffer.concat([jpeg.subarray(0, 2), thumbnail, jpeg.subarray(2)]);
    expect(await inspect('cat.jpg', whole)).toMatchObject({ width: 60 });
    expect(await inspect('cat.jpg', whole.subarray(0, -500))).toMatchObject({ kind: 'corrupt' });
  });

  it('may be a PNG with a flipped bit, in its size or in its pixels', async () => {
    for (const at of [19, png.length - 100]) {
      const bytes = Buffer.from(png);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      expect(await inspect('cat.png', bytes)).toEqual({
        kind: 'corrupt',
        message: 'is PNG with bytes that fail their checksum',
      });
    }
  });

  it.each(['png', 'jpeg', 'gif', 'webp', 'avif', 'tiff', 'bmp'] as const)(
    'never throws, hangs or takes much memory for flipped bits: %s',
    async (format) => {
      const samples = { png, jpeg, gif, webp, avif, tiff, bmp: bmp() };
      const before = process.resourceUsage().maxRSS;
      for (let bit = 0; bit < 8 * 60; bit++) {
        const bytes = Buffer.from(samples[format]);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const result = await inspect('cat', bytes);
        if ('kind' in result) expect(['corrupt', 'unsupported', 'too-many-pixels']).toContain(result.kind);
        else expect(result.width * result.height).toBeLessThanOrEqual(50_000_000);
      }
      expect(process.resourceUsage().maxRSS - before).toBeLessThan(100 * 1024);
    },
  );

  it('may claim more pixels than are ever decoded, for which no memory is taken', async () => {
    const before = process.resourceUsage().maxRSS;
    expect(await inspect('cat.png', pngClaiming(50_000, 50_000))).toEqual({
      kind: 'too-many-pixels',
      message: 'is 50000 x 50000 pixels (2,500 megapixels): more than the limit of 50 megapixels (maxPixels)',
    });
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(50 * 1024);
  });

  it('may claim them in a later frame, which TensorFlow decodes to keep the first', async () => {
    expect(
      await inspect(
        'cat.gif',
        gifClaiming(
          [4, 4],
          [
            [1, 1],
            [65_535, 65_535],
          ],
        ),
      ),
    ).toMatchObject({ kind: 'too-many-pixels' });
    const frames = Array.from({ length: 400 }, (): [number, number] => [1000, 1000]);
    expect(await inspect('cat.gif', gifClaiming([1000, 1000], frames))).toEqual({
      kind: 'too-many-pixels',
      message:
        'has 400 frames (400 megapixels), all of which TensorFlow decodes: ' +
        'more than the limit of 150 megapixels (three times maxPixels)',
    });
  });

  it('is held to the limits that are given', async () => {
    expect(await inspect('cat.png', png, { maxPixels: 2400 })).toMatchObject({ width: 60 });
    expect(await inspect('cat.png', png, { maxPixels: 2399 })).toEqual({
      kind: 'too-many-pixels',
      message: 'is 60 x 40 pixels (2,400 pixels): more than the limit of 2,399 pixels (maxPixels)',
    });
    expect(await inspect('cat.png', png, { maxFileBytes: 1000 })).toMatchObject({ kind: 'too-large' });
  });

  it('may be too large to read', async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { 'cat.png': png });
    truncateSync(join(directory, 'cat.png'), 65 * 1024 * 1024);
    expect(await inspectImageFile(join(directory, 'cat.png'), 0)).toMatchObject({
      kind: 'too-large',
      message: 'is 65 MiB large: more than the limit of 64 MiB (maxFileBytes)',
    });
  });
});

describe('a path that is not a file', () => {
  async function messageOf(path: string): Promise<unknown> {
    const result = await inspectImageFile(path, 0);
    return 'kind' in result ? `${result.kind}: ${result.message}` : result;
  }

  it('may be a link that leads nowhere or in a circle', async () => {
    const directory = temporaryDirectory();
    symlinkSync('gone\n.png', join(directory, 'lost.png'));
    symlinkSync('self.png', join(directory, 'self.png'));
    expect(await messageOf(join(directory, 'lost.png'))).toBe(
      'unreadable: is a symbolic link to gone\\n.png, which does not exist',
    );
    expect(await messageOf(join(directory, 'self.png'))).toBe(
      'symlink-loop: is a symbolic link that leads in a circle',
    );
  });

  it('may be missing', async () => {
    const path = join(temporaryDirectory(), 'cat.png');
    expect(await messageOf(path)).toBe('unreadable: cannot be read: no such file or directory');
    expect(await messageOf(`${path}\0`)).toMatch(/^unreadable: /);
  });

  it('may be a directory', async () => {
    expect(await messageOf(temporaryDirectory())).toBe('unreadable: is a directory, not a file');
  });

  it('may be a pipe, a socket or a device, which is not opened', async () => {
    const directory = temporaryDirectory();
    execFileSync('mkfifo', [join(directory, 'pipe.png')]);
    symlinkSync('/dev/zero', join(directory, 'zero.png'));
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(directory, 'socket.png'), resolve));
    expect(await messageOf(join(directory, 'pipe.png'))).toBe('unreadable: is a named pipe, not a file');
    expect(await messageOf(join(directory, 'zero.png'))).toBe('unreadable: is a device, not a file');
    expect(await messageOf(join(directory, 'socket.png'))).toBe('unreadable: is a socket, not a file');
    await new Promise((resolve) => server.close(resolve));
  });
});
