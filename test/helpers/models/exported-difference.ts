import { softmax } from '../../../src/export/compare-exported.js';
import { exportFiles } from '../../../src/export/export-files.js';
import type { ExportFormat, ExportQuantization } from '../../../src/export/export-format.js';
import type { ExportedModel, Pictures } from '../../../src/export/runtimes/exported-model.js';
import { openExported } from '../../../src/export/runtimes/open-exported.js';
import { argMax } from '../../../src/evaluation/agreement.js';
import type { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { mulberry32 } from '../data/mulberry32.js';

/** How the answers of an exported file differ from those of the SavedModel it was made from. */
export interface ExportedDifference {
  /** Largest difference of a probability; NaN if the number of answers differs. */
  readonly probability: number;
  /** Largest difference of a logit, relative to the largest logit. */
  readonly logit: number;
  /** Number of pictures with a different class. */
  readonly otherClasses: number;
}

/** Makes pictures of noise for batches of one and of five, in two sizes, neither of which is square. */
export function noiseBatches(...sizes: readonly (readonly [height: number, width: number])[]): Pictures[] {
  const random = mulberry32(7);
  return sizes.flatMap(([height, width]) =>
    [1, 5].map((batch) => ({
      shape: [batch, height, width, 3] as const,
      pixels: Float32Array.from({ length: batch * height * width * 3 }, () => Math.floor(random() * 256)),
    })),
  );
}

/** Exports a SavedModel's `serving_default`, and compares it with the file in the runtime that the format is made for. */
export async function exportedDifference(
  loaded: LoadedSavedModel,
  { format, quantize }: { readonly format: ExportFormat; readonly quantize: ExportQuantization },
  batches: readonly Pictures[],
): Promise<ExportedDifference> {
  const model = await openExported(format, await exportFiles(loaded.directory, format, { quantize }));
  try {
    return await compareAnswers(loaded, model, batches);
  } finally {
    await model.close();
  }
}

/** Compares a SavedModel's `serving_default` with an exported file that is open. */
export async function compareAnswers(
  loaded: LoadedSavedModel,
  model: ExportedModel,
  batches: readonly Pictures[],
): Promise<ExportedDifference> {
  let [probability, otherClasses, difference, largest] = [0, 0, 0, 0];
  for (const pictures of batches) {
    const input = { dtype: 'float32' as const, shape: pictures.shape, values: pictures.pixels };
    const expected = loaded.callValues('serving_default', { input_tensor: input }).output_0;
    const found = (await model.classify(pictures)).logits;
    const [images = 0, classes = 0] = expected?.shape ?? [];
    if (found.length !== images * classes) return { probability: NaN, logit: NaN, otherClasses: images };
    for (let i = 0; i < images; i += 1) {
      const row = (values: Float32Array) => values.subarray(i * classes, (i + 1) * classes);
      const rows = [found, expected?.values as Float32Array].map(row);
      rows[1]?.forEach((value, k) => {
        difference = Math.max(difference, Math.abs(value - (rows[0]?.[k] ?? NaN)));
        largest = Math.max(largest, Math.abs(value));
      });
      const [ours, theirs] = rows.map(softmax);
      const differences = (ours ?? []).map((value, k) => Math.abs(value - (theirs?.[k] ?? NaN)));
      probability = Math.max(probability, ...differences);
      if (new Set(rows.map((logits) => argMax(logits))).size > 1) otherClasses += 1;
    }
  }
  return { probability, logit: difference / largest, otherClasses };
}
