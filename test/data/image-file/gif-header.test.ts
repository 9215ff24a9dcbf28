import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { readGifHeader } from '../../../src/data/image-file/gif-header.js';
import { gif, gifClaiming, image } from '../samples.js';

describe('readGifHeader', () => {
  it('reads the size of a still image', () => {
    expect(readGifHeader(gif)).toEqual({ width: 60, height: 40, frames: 1, totalPixels: 2400 });
  });

  it('counts the frames of an animation', async () => {
    const frames = await Promise.all([1, 2, 3].map(() => image(20, 10).png().toBuffer()));
    const animation = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect(readGifHeader(animation)).toMatchObject({ width: 20, height: 10, frames: 3 });
  });

  it('takes the size from the frames, as TensorFlow does, and not from the canvas', () => {
    const claims = gifClaiming(
      [4, 4],
      [
        [1, 1],
        [65_535, 60_000],
      ],
    );
    expect(readGifHeader(claims)).toEqual({ width: 65_535, height: 60_000, frames: 2, totalPixels: 3_932_100_001 });
  });

  it('measures a frame that is cut off, as memory would be taken for it', () => {
    const claims = gifClaiming(
      [4, 4],
      [
        [1, 1],
        [65_535, 60_000],
      ],
    );
    expect(readGifHeader(claims.subarray(0, -4))).toMatchObject({ width: 65_535, frames: 1 });
  });

  it('is content with one complete frame, as TensorFlow is', () => {
    expect(readGifHeader(gif.subarray(0, -1))).toMatchObject({ frames: 1 });
  });

  it.each([
    ['has no frame', gifClaiming([4, 4], [])],
    ['is cut off', gif.subarray(0, -2)],
    ['is a header only', Buffer.from('GIF89a')],
    ['ends in the first frame', gif.subarray(0, 900)],
  ])('finds corrupt what %s', (_, bytes) => {
    expect(() => readGifHeader(bytes)).toThrow(
      expect.objectContaining({ kind: 'corrupt', message: 'has no complete frame' }),
    );
  });
});
