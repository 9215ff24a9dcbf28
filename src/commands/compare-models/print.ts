import { ratio } from '../../evaluation/class-report.js';
import type { Pair } from '../../evaluation/comparison/comparable-images.js';
import { changeOf, type ClassChange } from '../../evaluation/comparison/comparison-figures.js';
import { signed } from '../../evaluation/comparison/describe-comparison.js';
import { printable } from '../../text/printable.js';
import { terminalLink } from '../../text/terminal-link.js';
import { cut, displayWidth, table } from '../../text/text-table.js';
import { sizeRows } from './model-facts.js';
import type { ChangedImage, CompareModelsResult } from './run.js';

/** Images of a kind, and classes, that are listed; `--json` and `--report` have all. */
const [mostImages, mostClasses] = [10, 20];
/** Columns of a model's name above a table. */
const widestName = 24;

/** Returns what `compare-models` prints. */
export function compareModelsText(result: CompareModelsResult, columns = 100): string {
  const { models, summary, rows, changed, images, testDatasetPath, skipped, report } = result;
  const [first, second] = models;
  const names = headings([first.name, second.name]);
  return [
    '',
    `${first.name} and ${second.name} over ${images.toLocaleString('en')} images of ${printable(testDatasetPath)}`,
    '',
    ...table([['', ...names, 'change'], ...rows, ...sizeRows(models)], columns),
    '',
    ...summary,
    ...classLines(result, names, columns),
    ...imageLines(`images that got worse from ${first.name} to ${second.name}`, changed.worse),
    ...imageLines('images that got better', changed.better),
    ...flagLines(result, names, columns),
    ...(skipped.length === 0
      ? []
      : ['', `${skipped.length} images do not decode and were left out (--json lists them)`]),
    ...(report === null ? [] : ['', `report: ${terminalLink(report)}`]),
    '',
  ].join('\n');
}

/** Names for columns. A long one would push the numbers off the screen. */
function headings(names: Pair<string>): Pair<string> {
  return names.some((name) => displayWidth(name) > widestName) ? ['first', 'second'] : names;
}

function classLines({ classes, isMultiLabel }: CompareModelsResult, names: Pair<string>, columns: number): string[] {
  const changed = classes.filter(({ scores }) => (changeOf(scores) ?? 0) !== 0);
  if (changed.length === 0) return [];
  const shown = changed.slice(0, mostClasses);
  const which = shown.length < changed.length ? `the ${shown.length} classes that changed most of ${changed.length}` : 'classes that changed'; // prettier-ignore
  const score = isMultiLabel ? 'average precision' : 'share of their images that is found';
  return ['', `${which}, by ${score}:`, ...table([['class', 'images', ...names, 'change'], ...shown.map(classRow)], columns)]; // prettier-ignore
}

function classRow({ className, images, scores }: ClassChange): string[] {
  const change = changeOf(scores);
  return [printable(className), String(images), ...scores.map(ratio), change === null ? '' : signed(change)];
}

function imageLines(title: string, images: readonly ChangedImage[]): string[] {
  if (images.length === 0) return [];
  const more = images.length - mostImages;
  const lines = images.slice(0, mostImages).map(({ path, labels, answers }) => {
    const [first, second] = answers.map(({ labels: taken, probability }) => {
      const percent = probability === null ? '' : ` (${(100 * probability).toFixed(0)} %)`;
      return `${namesText(taken)}${percent}`;
    });
    return `  ${printable(path)} [${namesText(labels)}]: ${first} → ${second}`;
  });
  return ['', `${title} (${images.length}):`, ...lines, ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function namesText(names: readonly string[]): string {
  return names.length === 0 ? 'no class' : names.map(printable).join(', ');
}

/** Columns of a flag's value. */
const widestValue = 40;

function flagLines({ flags }: CompareModelsResult, names: Pair<string>, columns: number): string[] {
  if (flags === null) return ['', 'The flags of their trainings cannot be compared: a model does not say how it was trained.']; // prettier-ignore
  if (flags.length === 0) return ['', 'Both were trained with the same flags.'];
  const rows = flags.map(({ flag, values }) => [flag, ...values.map((value) => (value === null ? '–' : cut(printable(value), widestValue)))]); // prettier-ignore
  return ['', 'flags of train-model that differ:', ...table([['flag', ...names], ...rows], columns, [])];
}
