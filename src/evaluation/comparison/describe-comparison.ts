import { wilsonInterval } from '../../data/statistics.js';
import { count } from '../../text/amounts.js';
import { quoted } from '../../text/printable.js';
import { ratio } from '../class-report.js';
import { isMultiLabelResult } from '../multi-label/multi-label-metrics.js';
import type { Pair } from './comparable-images.js';
import type { ModelComparison } from './compare-saved-models.js';
import { changeOf, type ComparisonFigures } from './comparison-figures.js';

/** A line of a table of two models: a name, a cell for each, and one for what changed. */
export type ComparisonRow = readonly [name: string, first: string, second: string, change: string];

/** The part of comparisons of equally good models that may be called better by mistake. */
const level = 0.05;

/**
 * Says in sentences which model is better, and how surely.
 *
 * @param names Names of the models.
 */
export function describeComparison(
  comparison: ModelComparison,
  figures: ComparisonFigures,
  names: Pair<string>,
): string[] {
  const { images, isMultiLabel } = comparison;
  if (images.length === 0) return ['No image was compared.'];
  const { agreement, bothWrong } = figures;
  const bothText = isMultiLabel ? 'have as many mistakes with both' : 'are wrong for both';
  return [
    splitText(comparison, figures, names),
    verdict(comparison, figures, names),
    `They give the same answer to ${percentText(agreement)} of ${count(images.length, 'image')}; ${bothWrong.toLocaleString('en')} ${bothText}.`,
    ...classesText(comparison, names),
  ];
}

function splitText(
  { isMultiLabel }: ModelComparison,
  { better, worse }: ComparisonFigures,
  [first, second]: Pair<string>,
): string {
  // prettier-ignore
  const gained = count(better, 'image');
  return isMultiLabel
    ? `${second} is wrong in fewer classes than ${first} on ${gained}, and in more on ${worse.toLocaleString('en')}.`
    : `${second} is right on ${gained} that ${first} gets wrong, and wrong on ${worse.toLocaleString('en')} that ${first} gets right.`;
}

function verdict(
  { isMultiLabel }: ModelComparison,
  { better, worse, pValue }: ComparisonFigures,
  [first, second]: Pair<string>,
): string {
  // prettier-ignore
  if (better + worse === 0) return 'So there is nothing that would call one of them better.';
  if (better === worse) return 'So neither is ahead.';
  const ahead = better > worse ? second : first;
  const often = pValue < 0.001 ? 'less than 0.1 %' : percentText(pValue);
  // With one class per image, the sign test is McNemar's.
  const test = isMultiLabel ? 'sign test' : "McNemar's exact test";
  return pValue < level
    ? `${ahead} is better: two equally good models would differ at least this much in ${often} of comparisons (${test}).`
    : `That is not enough to call ${ahead} better: two equally good models would differ at least this much in ${often} of comparisons (${test}).`;
}

/** Classes that one of the models lacks, and what that means. */
function classesText({ only, leftAside, isMultiLabel }: ModelComparison, names: Pair<string>): string[] {
  const left = leftAside.reduce((sum, { images }) => sum + images, 0);
  const own = only.flatMap((classes, i) => (classes.length === 0 ? [] : [`${names[i]} alone has the ${classes.length === 1 ? 'class' : 'classes'} ${listed(classes)}.`])); // prettier-ignore
  if (own.length === 0) return [];
  const aside = isMultiLabel ? `${count(left, 'label')} of such classes` : `${count(left, 'image')} of such classes`;
  const mistakes = isMultiLabel ? 'Only common classes are compared' : 'An answer with such a class is a mistake here';
  return [`${own.join(' ')} ${aside} ${left === 1 ? 'is' : 'are'} left out. ${mistakes}.`];
}

/** Classes that are named in a sentence. */
const mostNamed = 10;

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return quoted(names.slice(0, mostNamed)) + (more > 0 ? ` and ${more} more` : '');
}

/** Lists the figures of both models: how good and how fast they are. */
export function comparisonRows(
  comparison: ModelComparison,
  { right, differenceInterval }: ComparisonFigures,
): ComparisonRow[] {
  const { models, images } = comparison;
  const intervals = right.map((number) => intervalText(wilsonInterval(number, images.length))) as [string, string];
  const interval = ['  95 % interval', ...intervals, intervalText(differenceInterval, signed)] as const;
  const [one, other] = models.map(({ evaluation }) => evaluation);
  if (!one || !other) return [];
  const quality: ComparisonRow[] =
    isMultiLabelResult(one) && isMultiLabelResult(other)
      ? [
          row('mAP', [one.meanAveragePrecision, other.meanAveragePrecision]),
          row('F1, mean of classes', [one.macroAverage.f1, other.macroAverage.f1]),
          row('images all right', [one.exactMatches, other.exactMatches]),
          interval,
        ]
      : [row('accuracy', [one.accuracy, other.accuracy]), interval, ...calibrationRow(comparison)];
  return [...quality, row('loss', [one.loss, other.loss]), ...speedRows(models)];
}

function calibrationRow({ models }: ModelComparison): ComparisonRow[] {
  const errors = models.map(({ evaluation }) =>
    'calibration' in evaluation ? (evaluation.calibration?.expectedCalibrationError ?? null) : null,
  );
  const [first = null, second = null] = errors;
  return first === null || second === null ? [] : [row('calibration error', [first, second])];
}

function speedRows(models: ModelComparison['models']): ComparisonRow[] {
  const [slow, fast] = models.map(({ millisecondsPerImage }) => millisecondsPerImage) as [number, number];
  const [first, second] = models.map(({ imagesPerSecond }) => imagesPerSecond) as [number, number];
  return [
    ['ms per image', milliseconds(slow), milliseconds(fast), factorText(fast / slow)],
    ['images/s in batches', first.toFixed(0), second.toFixed(0), factorText(second / first)],
  ];
}

function row(name: string, values: Pair<number | null>): ComparisonRow {
  const change = changeOf(values);
  return [name, ratio(values[0]), ratio(values[1]), change === null || Number.isNaN(change) ? '' : signed(change)];
}

function milliseconds(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toFixed(value < 10 ? 2 : 1);
}

/** `× 0.52`; nothing for what is not known. */
export function factorText(factor: number): string {
  return Number.isFinite(factor) ? `× ${factor.toFixed(2)}` : '';
}

function intervalText([low, high]: readonly [number, number], text: (value: number) => string = ratio): string {
  return `${text(low)} to ${text(high)}`;
}

/** `+0.0223`, and a minus as wide as the plus; `0` where nothing changed. */
export function signed(value: number): string {
  if (value === 0) return '0';
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

function percentText(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}
