import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { cannotWrite } from '../../files/cannot-write.js';
import { type EmbeddingLayout, layOutEmbeddings } from '../embedding-map/lay-out-embeddings.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { confusionMatrix } from './confusion-matrix.js';
import { embeddingPicture } from './embedding-map.js';
import type { ShownMap } from './embedding-section.js';
import { hasFonts, rasterize } from './rasterize.js';
import { type CompleteReportContent, completeContent, type ReportContent } from './report-content.js';
import type { Markup } from './markup.js';
import { mistakenImages } from './mistakes-section.js';
import { reportPage } from './report-page.js';
import { showImages } from './shown-image.js';
import { thumbnail } from './thumbnail.js';
import { curvesPicture, trainingCurves } from './training-curves.js';

/** Result of `writeReport`. */
export interface WrittenReport {
  /** Path of the page, to be opened in a browser. */
  readonly page: string;
  /** Problems that leave the report usable, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Writes a report into a folder: `report.html`, which needs no other file, `confusion-matrix.svg` and `.png` unless images may have several
 * classes, `training-curves.svg` and `.png` if the training is known, and `embedding-map.svg` and `.png` if embeddings are. Files of these names are replaced, each at once; others are left alone.
 *
 * @example
 * ```ts
 * const history = await fit(model, train, { epochs: 5, validationData });
 * const { result, mistakes } = await evaluateClassifier(model, test);
 * await writeReport('report', { title: 'TinyModel', result, mistakes, training: { history } });
 * ```
 *
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function writeReport(folder: string, given: ReportContent): Promise<WrittenReport> {
  const content = completeContent(given);
  const { training } = content;
  const curves = training ? trainingCurves(training.history, training.bestEpoch) : [];
  const matrix = content.kind === 'one class' ? confusionMatrix(content.result) : null;
  const early = [
    ...(curves.length > 0 ? [{ name: 'training-curves', picture: curvesPicture(curves) }] : []),
    ...(matrix ? [{ name: 'confusion-matrix', picture: matrix.picture }] : []),
  ];
  // sharp works in threads of its own, while the map is laid out in this one.
  const [drawn, hasText, layout, { mistakes, best, thumbnails }] = await Promise.all([
    mapConcurrently(early, 1, drawPicture),
    hasFonts(),
    content.embeddings && layOutEmbeddings(content.embeddings),
    showAll(content),
  ]);
  const map = shownMap(content, layout, thumbnails);
  if (map && map.map.images.length > 0) {
    const classNames = content.result.perClass.map(({ className }) => className);
    drawn.push(await drawPicture({ name: 'embedding-map', picture: embeddingPicture(map.map, classNames) }));
  }
  const files = new Map<string, string | Buffer>();
  for (const { name, svg, png } of drawn) files.set(`${name}.svg`, svg).set(`${name}.png`, png);
  // The page comes last: where it is, the others are.
  files.set('report.html', String(reportPage(content, { curves, matrix, mistakes, best, map })));
  await writeFiles(folder, files);
  return { page: path.join(folder, 'report.html'), notes: hasText ? [] : [noFonts] };
}

/** A picture of the report, and the name of its files. */
interface NamedPicture {
  readonly name: string;
  readonly picture: Markup;
}

async function drawPicture({ name, picture }: NamedPicture) {
  return { name, svg: String(picture), png: await rasterize(picture) };
}

/** Pixels of the longer side of a map's thumbnails, and how many are made at once. */
const [mapThumbnail, concurrency] = [96, 2];

/** The pictures of all images, one kind after the other: large photographs take much memory. */
async function showAll(content: CompleteReportContent) {
  const { embeddings, exif } = content;
  const mistakes = await showImages(mistakenImages(content), content);
  const best = await showImages(content.best, content);
  const images = embeddings?.images ?? [];
  const thumbnails = await mapConcurrently(images, concurrency, ({ image }) => thumbnail(image, exif, mapThumbnail));
  return { mistakes, best, thumbnails };
}

/** @returns What the content has instead of embeddings, where it has none. */
function shownMap(
  { embeddings }: CompleteReportContent,
  layout: EmbeddingLayout | null | undefined,
  thumbnails: ShownMap['thumbnails'],
): ShownMap | null | undefined {
  if (!embeddings || !layout) return embeddings && null;
  const { images, evaluated } = embeddings;
  return { map: { images, evaluated, ...layout }, thumbnails };
}

const noFonts =
  "This machine has no fonts, so the report's PNG files have boxes in place of text; its page and its SVG files are whole. " +
  'Install fonts, such as the package fonts-dejavu-core of Debian.';

async function writeFiles(folder: string, files: ReadonlyMap<string, string | Buffer>): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, content] of files) await replaceFile(path.join(folder, name), content);
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}

async function replaceFile(file: string, content: string | Buffer): Promise<void> {
  const made = path.join(path.dirname(file), `.${path.basename(file)}.new-${process.pid}`);
  try {
    await writeFile(made, content);
    await rename(made, file);
  } finally {
    await rm(made, { force: true }).catch(() => undefined);
  }
}
