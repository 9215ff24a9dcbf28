import sharp from 'sharp';

import * as tf from '../../tensorflow/tf.js';

/** Pixels between two pictures. */
const gap = 4;
/** Small pictures are shown larger, pixel by pixel, so that something can be seen. */
const smallestSide = 96;

/**
 * Pictures in rows and columns, with a wider gap after the first column.
 *
 * @param columns float32 [rows, height, width, 3] each, 0 to 255.
 * @returns A PNG.
 */
export async function pictureSheet(columns: readonly tf.Tensor4D[]): Promise<Buffer> {
  const [first] = columns;
  if (!first) throw new Error('unreachable: a sheet has columns');
  const [rows, height, width] = first.shape;
  const scale = Math.max(1, Math.ceil(smallestSide / Math.min(height, width)));
  const [cellHeight, cellWidth] = [height * scale, width * scale];
  const left = (column: number) => gap + column * (cellWidth + gap) + (column > 0 ? 2 * gap : 0);
  const sheet = {
    width: left(columns.length),
    height: rows * (cellHeight + gap) + gap,
    channels: 3 as const,
    background: '#ffffff',
  };
  const pictures = columns.flatMap((column, i) =>
    tf.unstack(column).map((image, row) => ({ image, left: left(i), top: gap + row * (cellHeight + gap) })),
  );
  const layers = pictures.map(async ({ image, ...place }) => {
    const pixels = Uint8Array.from(await image.data(), Math.round);
    image.dispose();
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    return { input: await picture.resize(cellWidth, cellHeight, { kernel: 'nearest' }).png().toBuffer(), ...place };
  });
  return sharp({ create: sheet })
    .composite(await Promise.all(layers))
    .png()
    .toBuffer();
}
