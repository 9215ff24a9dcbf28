import sharp from 'sharp';

/** A smooth picture with an edge: resizing and decoding errors show. */
function pixels(width: number, height: number): Buffer {
  return Buffer.from(
    Array.from({ length: width * height * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % width;
      const y = Math.floor(i / 3 / width);
      return (7 * y + 13 * x + 29 * (i % 3) + x * y) % 256;
    }),
  );
}

/** Encoded pictures of several sizes and formats, as clients send them in one batch. */
export async function encodedImages(): Promise<Uint8Array[]> {
  const picture = (width: number, height: number) =>
    sharp(pixels(width, height), { raw: { width, height, channels: 3 } });
  return Promise.all([
    picture(40, 50).png().toBuffer(),
    picture(64, 20).jpeg({ quality: 90 }).toBuffer(),
    picture(33, 44).gif().toBuffer(),
    picture(28, 28).greyscale().png().toBuffer(),
    picture(31, 17).ensureAlpha(0.5).png().toBuffer(),
    picture(90, 61).greyscale().jpeg().toBuffer(),
    picture(24, 24).png({ palette: true }).toBuffer(),
  ]);
}
