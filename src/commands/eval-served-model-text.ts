import { printable } from '../data/printable.js';
import { classReport } from '../evaluation/evaluation-text.js';
import { roadDescriptions, type ServedRoad, servedRoads } from '../evaluation/served-roads.js';
import { table } from '../evaluation/text-table.js';
import type { EvalServedModelResult } from './eval-served-model.js';

/** More images of which the roads disagree are counted, not named. */
const mostNamed = 10;

/** What `eval-served-model` prints. The classes are told once: by the first road, to which the others are compared. */
export function evalServedModelText(result: EvalServedModelResult, columns = 100): string {
  const reference = servedRoads.map((road) => result.roads[road]).find((road) => road !== undefined);
  const parts = [
    ['', ...header(result)],
    roadTable(result, columns),
    ...(result.problems.length === 0 ? [] : [problems(result)]),
    agreement(result),
    ...notes(result),
    ...(reference && reference.images > 0 ? [[classReport(reference, { columns }).trimEnd()]] : []),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function header(result: EvalServedModelResult): string[] {
  const { modelName, modelVersion, host, images, classNames, batchSize, concurrency } = result;
  const version = modelVersion === null ? '' : `, version ${modelVersion}`;
  const load = `${batchSize} a request, ${concurrency} ${concurrency === 1 ? 'request' : 'requests'} at a time`;
  return [
    `model    ${printable(modelName)}${version}, at ${printable(host)}`,
    `images   ${images} of ${classNames.length} classes, ${load}`,
  ];
}

function roadTable({ roads }: EvalServedModelResult, columns: number): string[] {
  const rows = servedRoads.flatMap((road) => {
    const evaluation = roads[road];
    if (!evaluation) return [];
    const { accuracy, topK, loss, imagesPerSecond, latency, bytesPerImage } = evaluation;
    const ratios = [accuracy, topK.accuracy, loss].map((value) => decimal(value, 4));
    const times = [latency.p50, latency.p95, latency.p99].map((value) => decimal(value, value < 99.95 ? 1 : 0));
    return [[roadDescriptions[road].name, ...ratios, decimal(imagesPerSecond, 0), ...times, byteText(bytesPerImage)]];
  });
  if (rows.length === 0) return ['no road was gone to its end'];
  const k = Object.values(roads)[0]?.topK.k ?? 1;
  const names = ['road', 'accuracy', `top-${k}`, 'loss', 'images/s', 'p50', 'p95', 'p99', 'sent'];
  return [
    ...table([names, ...rows], columns),
    'p50, p95, p99: milliseconds in which that share of the requests was answered',
    "sent: a request's size, an image",
  ];
}

function problems(result: EvalServedModelResult): string[] {
  // Both roads of a protocol fail for one reason, which is told once.
  const byReason = new Map<string, ServedRoad[]>();
  for (const { road, kind, message } of result.problems) {
    const reason = `${kind === 'failed' ? 'failed' : 'not offered'}: ${indented(message)}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), road]);
  }
  return [...byReason].map(
    ([reason, roads]) => `${roads.map((road) => roadDescriptions[road].name).join(', ')} ${reason}`,
  );
}

function agreement({ agreement: { maxLogitDifference, differing }, roads, classNames, images }: EvalServedModelResult) {
  if (images === 0 || Object.keys(roads).length < 2) return ['agreement: there are no two roads to compare'];
  const difference = `largest difference between the roads' logits: ${maxLogitDifference.toPrecision(3)}`;
  if (differing.length === 0) return [difference, 'every image has the same class by all roads'];
  const nameOf = (index: number) => printable(classNames[index] ?? String(index));
  const lines = differing.slice(0, mostNamed).map(({ path, predicted }) => {
    const entries = Object.entries(predicted) as [ServedRoad, number][];
    return `  ${printable(path)}: ${entries.map(([road, index]) => `${roadDescriptions[road].name} ${nameOf(index)}`).join(', ')}`;
  });
  const more = differing.length > mostNamed ? [`  … and ${differing.length - mostNamed} more (--json lists them)`] : [];
  return [difference, `images whose class differs by road: ${differing.length}`, ...lines, ...more];
}

function notes({ classNamesTold, skipped, interrupted }: EvalServedModelResult): string[][] {
  const told = {
    all: [],
    some: ['The server told the names of some classes only; those agree with the folders of the test set.'],
    none: ['The server tells no class names: the folders of the test set, in order, are taken for its classes.'],
  }[classNamesTold];
  const left =
    skipped.length === 0 ? [] : [`${skipped.length} images do not decode and were left out (--json lists them)`];
  const all = [...told, ...left, ...(interrupted ? ['Interrupted: this is what was done until then.'] : [])];
  return all.length === 0 ? [] : [all];
}

function decimal(value: number, digits: number): string {
  return Number.isNaN(value) ? '–' : value.toFixed(digits);
}

/** `512 B`, `7.1 kB`, `24 MB`. */
function byteText(bytes: number): string {
  if (Number.isNaN(bytes)) return '–';
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power > 0 && value < 9.95 ? 1 : 0)} ${units[power]}`;
}

function indented(message: string): string {
  return message.replaceAll('\n', '\n  ');
}
