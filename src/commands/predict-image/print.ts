import { printable } from '../../text/printable.js';
import type { ImageLabel, RecognizedImage } from '../../client/classify-images.js';
import { table } from '../../text/text-table.js';
import type { PredictedImage, PredictImageResult } from './run.js';

/** Returns what `predict-image` prints: each file's best classes with their probabilities. Files without any are left to `predictImageProblems`. */
export function predictImageText({ images }: PredictImageResult, columns = 100): string {
  const blocks = images.flatMap((image) =>
    'labels' in image
      ? [[`${printable(image.file)}${remark(image)}`, ...labelLines(image.labels, columns), ...heatmapLines(image)]]
      : [],
  );
  return blocks.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

/** Why files could not be classified, a paragraph each. */
export function predictImageProblems({ images }: PredictImageResult): string {
  const problems = images.flatMap((image) => ('error' in image ? [`${printable(image.file)} ${image.error}`] : []));
  return problems.map((problem) => `${problem.replaceAll('\n', '\n  ')}\n`).join('');
}

function heatmapLines({ heatmap }: Extract<PredictedImage, { readonly labels: unknown }>): string[] {
  if (!heatmap) return [];
  const { name, index, probability } = heatmap.label;
  const className = name === null ? `class ${index}` : printable(name);
  return [`  heat map of ${className}, ${probability.toFixed(4)}: ${printable(heatmap.file)}`];
}

/** Says where the answer is not to be relied on. */
function remark({ isKnown, isSure }: RecognizedImage): string {
  if (isKnown === false) return ': unknown, not like the images of the training';
  return isSure === false ? ': not sure, below the threshold' : '';
}

function labelLines(labels: readonly ImageLabel[], columns: number): string[] {
  const rows = labels.map(({ name, index, probability, threshold, present }) => [
    name === null ? `class ${index}` : printable(name),
    probability.toFixed(4),
    ...(threshold === undefined ? [] : [present ? 'present' : '', `threshold ${threshold.toFixed(4)}`]),
  ]);
  return table(rows, columns - 2).map((line) => `  ${line}`);
}
