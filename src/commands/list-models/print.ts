import { printable } from '../../text/printable.js';
import { cut, table, tableWidth } from '../../text/text-table.js';
import type { ArchitectureListing, ListModelsResult } from './run.js';
import type { ModelFacts, SavedModelListing } from './list-saved-models.js';
import { sizeText } from '../../text/amounts.js';

const header = ['classes', 'input', 'parameters', 'on disk', 'ms/image'];

/** Columns to leave out, in this order, if the table is too wide. */
const lessImportant = ['classes', 'parameters', 'input'];

/** Returns what `list-models` prints. `columns` is the terminal's width, in characters. */
export function listModelsText({ architectures, savedModels }: ListModelsResult, columns = 80): string {
  const rows = architectures.map((each) => [...cells(each), weightsText(each)]);
  const lines = [
    ...fittingTable([['architecture', ...header, 'weights'], ...rows], columns),
    ...(savedModels === null ? [] : ['', ...savedModelLines(savedModels, columns)]),
    '',
    'ms/image: one image at a time, compiled, on this machine.',
    'weights: published ones for ImageNet, in the cache or not yet there',
    '(train-model --pretrained-weights imagenet, build-model --weights imagenet).',
  ];
  return `${lines.join('\n')}\n`;
}

function weightsText({ cachedWeights }: ArchitectureListing): string {
  if (cachedWeights === null) return '-';
  return cachedWeights.backbone || cachedWeights.withHead ? 'cached' : 'not yet';
}

function savedModelLines(models: readonly SavedModelListing[], columns: number): string[] {
  if (models.length === 0) return ['no saved models in that folder'];
  const problems = models.flatMap(({ name, problem }) =>
    problem === null ? [] : [`${printable(name)} cannot be used: ${printable(problem)}`],
  );
  const headings = [...new Set(models.flatMap((model) => Object.keys(model.arguments)))];
  const evaluated = models.some(({ evaluation }) => evaluation !== null) ? ['accuracy', 'trained'] : [];
  const rows = models.map((model) => [
    ...cells(model),
    ...(evaluated.length > 0 ? evaluationCells(model) : []),
    ...headings.map((heading) => argumentText(model, heading)),
  ]);
  return [...fittingTable([['saved model', ...header, ...evaluated, ...headings], ...rows], columns), ...problems];
}

/** Lines of a table. Columns are left out before names are cut, because a name ends with the version. */
function fittingTable(rows: readonly (readonly string[])[], columns: number): string[] {
  const [headings = []] = rows;
  const unneeded = tableWidth(rows) > columns ? lessImportant.find((heading) => headings.includes(heading)) : undefined;
  if (unneeded !== undefined) {
    const index = headings.indexOf(unneeded);
    return fittingTable(
      rows.map((row) => row.toSpliced(index, 1)),
      columns,
    );
  }
  const numbers = [...header, 'accuracy', 'weights'].map((heading) => headings.indexOf(heading));
  return table(rows, columns, numbers);
}

/** Accuracy on the test set, or the mean average precision where images may have several classes, and the day. */
function evaluationCells({ evaluation }: SavedModelListing): string[] {
  if (!evaluation) return ['-', '-'];
  const { accuracy, meanAveragePrecision, date } = evaluation;
  const isMultiLabel = typeof meanAveragePrecision === 'number';
  return [isMultiLabel ? `mAP ${meanAveragePrecision.toFixed(4)}` : accuracy.toFixed(4), date.slice(0, 10)];
}

/** Characters of an argument that are shown; `--json` has all. */
const widestArgument = 24;

function argumentText(model: SavedModelListing, heading: string): string {
  return cut(printable(model.arguments[heading] ?? '-'), widestArgument);
}

function cells({ name, classes, imageSize, parameters, bytesOnDisk, millisecondsPerImage }: ModelFacts): string[] {
  const orDash = <T>(value: T | null, text: (value: T) => string) => (value === null ? '-' : text(value));
  return [
    printable(name),
    orDash(classes, String),
    orDash(imageSize, ([height, width]) => `${height} x ${width}`),
    orDash(parameters, (number) => number.toLocaleString('en')),
    orDash(bytesOnDisk, sizeText),
    orDash(millisecondsPerImage, (milliseconds) => milliseconds.toFixed(milliseconds < 10 ? 2 : 1)),
  ];
}
