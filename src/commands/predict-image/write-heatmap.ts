import { writeFile } from 'node:fs/promises';

import { type CallableModel, findClassNames } from '../../client/classify-images.js';
import { explainImages, type ImageExplanation } from '../../client/explain-images.js';
import { SignetError } from '../../errors.js';
import { heatmapPng } from '../../evaluation/pictures/draw-heatmap.js';
import { cannotWrite } from '../../files/cannot-write.js';

/** A heat map that was written. */
export interface WrittenHeatmap {
  /** The PNG. */
  readonly file: string;
  /** The class that was looked for. */
  readonly label: ImageExplanation['label'];
}

/** Where a heat map goes, and what it is of. */
export interface HeatmapRequest {
  readonly file: string;
  /** Name or position of the class. Default: the most probable one. */
  readonly className: string | undefined;
}

/**
 * Writes an image with its heat map over it.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` for a model without heat maps, `INVALID_ARGUMENT` for a class that it does not have, `CANNOT_WRITE`.
 */
export async function writeHeatmap(
  model: CallableModel,
  image: Uint8Array,
  { file, className }: HeatmapRequest,
): Promise<WrittenHeatmap> {
  const classIndex = className === undefined ? -1 : await findClass(model, image, className);
  const [found] = await explainImages(model, [image], [classIndex]);
  if (!found) throw new Error('unreachable: there is an explanation for each image');
  const png = await heatmapPng(image, found.heatmap);
  await writeFile(file, png).catch((error: unknown) => {
    throw cannotWrite(file, error);
  });
  return { file, label: found.label };
}

/** A name comes first: classes may be called by numbers. */
async function findClass(model: CallableModel, image: Uint8Array, wanted: string): Promise<number> {
  const { names, areAll } = await findClassNames(model, [image]);
  const [index] = [...names].find(([, name]) => name === wanted) ?? [];
  if (index !== undefined) return index;
  const position = Number(wanted);
  if (/^\d{1,9}$/.test(wanted) && (!areAll || names.has(position))) return position;
  const known = [...names.values()].slice(0, 12).join(', ');
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--heatmap-class names a class of the model, or its position. Received: ${wanted}. ` +
      `${names.size > 12 ? 'Some of its' : 'Its'} classes: ${known || 'their names are not known'}.`,
  );
}
