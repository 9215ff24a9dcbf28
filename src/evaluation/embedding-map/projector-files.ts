import path from 'node:path';

import sharp from 'sharp';

import { cannotWrite } from '../../files/cannot-write.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { replaceFile } from '../../files/replace.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { printable } from '../../text/printable.js';
import { readPicture, smallPicture } from '../pictures/small-picture.js';
import { type AnsweredImage, type EvaluatedEmbeddings, isMistaken } from './embedding-sample.js';

/** What `writeProjectorFiles` needs in addition to the embeddings. */
export interface ProjectorOptions {
  /** Names of the classes in the order of their labels. */
  readonly classNames: readonly string[];
  /** Whether pictures are turned as their EXIF says. Default: `apply`. */
  readonly exif?: ExifHandling | undefined;
}

/** Pixels of the square that a picture gets in the sprite, at most: TensorBoard takes sprites up to 8192 pixels wide and high. */
const mostPixels = 64;
/** Pictures that are decoded at once. */
const concurrency = 2;

/**
 * Writes embeddings into a folder as TensorBoard's projector reads them: `projector_config.pbtxt`, and the files that it names: the vectors, the classes and
 * names of the images, and all pictures in one. Files of these names are replaced.
 *
 * Source: tensorboard/plugins/projector, projector_config.proto and projector_plugin.py.
 *
 * @param run Folder of a run, with its event files.
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function writeProjectorFiles(
  run: string,
  { images, vectors }: EvaluatedEmbeddings,
  { classNames, exif = 'apply' }: ProjectorOptions,
): Promise<void> {
  if (images.length === 0) return;
  const { png, side } = await spriteOf(images, exif);
  try {
    await replaceFile(path.join(run, files.vectors), vectorsText(vectors, images.length));
    await replaceFile(path.join(run, files.metadata), metadataText(images, classNames));
    await replaceFile(path.join(run, files.sprite), png);
    // It comes last: where it is, the others are.
    await replaceFile(path.join(run, 'projector_config.pbtxt'), configText(side));
  } catch (error) {
    throw cannotWrite(run, error);
  }
}

const files = {
  vectors: 'embeddings.tsv',
  metadata: 'embeddings-metadata.tsv',
  sprite: 'embeddings-sprite.png',
} as const;

function configText(side: number): string {
  return `embeddings {
  tensor_name: "test images"
  tensor_path: "${files.vectors}"
  metadata_path: "${files.metadata}"
  sprite {
    image_path: "${files.sprite}"
    single_image_dim: ${side}
    single_image_dim: ${side}
  }
}
`;
}

/** A row per image. Seven digits are what a float32 has. */
function vectorsText(vectors: Float32Array, images: number): string {
  const size = vectors.length / images;
  const rows = Array.from({ length: images }, (_, i) => vectors.subarray(i * size, (i + 1) * size));
  return rows.map((row) => `${Array.from(row, (value) => Number(value.toPrecision(7))).join('\t')}\n`).join('');
}

/** A row per image, after one of headings. Tabs and line breaks within names become escapes. */
function metadataText(images: readonly AnsweredImage[], classNames: readonly string[]): string {
  const names = (labels: readonly number[]) => labels.map((label) => classNames[label] ?? '').join(', ') || 'no class';
  const rows = images.map((answered) => [
    names(answered.labels),
    names(answered.predicted),
    isMistaken(answered) ? 'mistaken' : 'right',
    path.basename(answered.image.path),
  ]);
  return [['class', 'predicted', 'result', 'file'], ...rows]
    .map((row) => `${row.map(printable).join('\t')}\n`)
    .join('');
}

interface Sprite {
  readonly png: Buffer;
  /** Pixels of the square of one picture. */
  readonly side: number;
}

/** All pictures row by row in a square; one that cannot be shown is black. */
async function spriteOf(images: readonly AnsweredImage[], exif: ExifHandling): Promise<Sprite> {
  const side = images.reduce((most, { image }) => Math.max(most, Math.min(mostPixels, Math.max(image.width, image.height))), 1); // prettier-ignore
  const columns = Math.ceil(Math.sqrt(images.length));
  const width = columns * side;
  const pixels = Buffer.alloc(width * width * 3);
  await mapConcurrently([...images.entries()], concurrency, async ([i, answered]) => {
    const [top, left] = [Math.floor(i / columns) * side, (i % columns) * side];
    const square = await squarePicture(answered, side, exif);
    for (let row = 0; square && row < side; row += 1) {
      square.copy(pixels, ((top + row) * width + left) * 3, row * side * 3, (row + 1) * side * 3);
    }
  });
  const png = await sharp(pixels, { raw: { width, height: width, channels: 3 } }).png().toBuffer(); // prettier-ignore
  return { png, side };
}

/** The pixels of a small copy, black where it is not square; null for a file that cannot be shown. */
async function squarePicture({ image }: AnsweredImage, side: number, exif: ExifHandling): Promise<Buffer | null> {
  try {
    const small = await (await smallPicture(await readPicture(image), image, exif, side)).png().toBuffer();
    return await sharp(small).resize(side, side, { fit: 'contain', background: 'black' }).raw().toBuffer(); // prettier-ignore
  } catch {
    return null;
  }
}
