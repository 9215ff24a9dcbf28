import path from 'node:path';

import { describeDuplicates } from '../../data/scan/duplicate-report.js';
import { findDuplicates } from '../../data/scan/find-duplicates.js';
import type { ImageScan } from '../../data/scan/image-scan.js';
import { SignetError } from '../../errors.js';
import { rememberedTrainingSet } from '../shared/remembered-test-set.js';
import { scanWithBar } from '../shared/scan-dataset.js';

/** Images of a test set that a model has learned from. */
export interface TrainedImages {
  readonly count: number;
  /** Says so with examples; null where there are none. */
  readonly note: string | null;
}

/** Parts of a data set that a model learns from, or is chosen by. */
const learned = ['training', 'validation'] as const;

/**
 * Counts images of a test set that the model was trained on, by their bytes.
 *
 * @returns null where the images of the training are not known, or not there any more.
 */
export async function trainedImages(modelPath: string, test: ImageScan): Promise<TrainedImages | null> {
  const known = await rememberedTrainingSet(modelPath);
  if (!known) return null;
  try {
    const training = await scanWithBar(known.source, learned);
    const except = known.except && (await scanWithBar(known.except, learned));
    const tested = new Set(except?.files.map((file) => path.resolve(file.path)));
    const others = { ...training, files: training.files.filter((file) => !tested.has(path.resolve(file.path))) };
    const duplicates = await findDuplicates(others, test);
    const inBoth = duplicates.filter(({ files }) => new Set(files.map(({ set }) => set)).size > 1);
    const [note = null] = describeDuplicates(inBoth);
    return { count: inBoth.flatMap(({ files }) => files.filter(({ set }) => set === 'test')).length, note };
  } catch (error) {
    // A folder that is no longer a data set does not prevent an evaluation.
    if (error instanceof SignetError) return null;
    throw error;
  }
}
