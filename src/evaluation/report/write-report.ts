import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { cannotWrite } from '../../files/cannot-write.js';
import { confusionMatrix } from './confusion-matrix.js';
import { hasFonts, rasterize } from './rasterize.js';
import { completeContent, type ReportContent } from './report-content.js';
import { mistakenImages } from './mistakes-section.js';
import { reportPage } from './report-page.js';
import { showImages } from './shown-image.js';
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
 * classes, and `training-curves.svg` and `.png` if the training is known. Files of these names are replaced, each at once; others are left alone.
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
  const mistakes = await showImages(mistakenImages(content), content);
  const best = await showImages(content.best, content);
  const pictures = [
    ...(curves.length > 0 ? [{ name: 'training-curves', picture: curvesPicture(curves) }] : []),
    ...(matrix ? [{ name: 'confusion-matrix', picture: matrix.picture }] : []),
  ];
  const files = new Map<string, string | Buffer>();
  for (const { name, picture } of pictures) {
    files.set(`${name}.svg`, String(picture)).set(`${name}.png`, await rasterize(picture));
  }
  // The page comes last: where it is, the others are.
  files.set('report.html', String(reportPage(content, { curves, matrix, mistakes, best })));
  await writeFiles(folder, files);
  return { page: path.join(folder, 'report.html'), notes: (await hasFonts()) ? [] : [noFonts] };
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
