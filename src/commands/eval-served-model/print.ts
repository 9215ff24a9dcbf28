import path from 'node:path';

import { printable } from '../../text/printable.js';
import type { Predicted } from '../../evaluation/agreement.js';
import { classReport } from '../../evaluation/class-report.js';
import type { EvaluationResult } from '../../evaluation/metrics.js';
import { isMultiLabelResult } from '../../evaluation/multi-label/multi-label-metrics.js';
import { transportDescriptions, type ServedTransport, servedTransports } from '../../evaluation/served-transports.js';
import { cut, table } from '../../text/text-table.js';
import type { EvalServedModelResult } from './run.js';

/** Images named at most of those on which the transports disagree; the rest are counted. */
const mostNamed = 10;

/** Maximum number of characters of a class name in the table of all transports. */
const widestClass = 11;

/** Returns what `eval-served-model` prints. Classes are listed once, for the first transport, and the others are compared with it. */
export function evalServedModelText(result: EvalServedModelResult, columns = 100): string {
  const reference = servedTransports
    .map((transport) => result.transports[transport])
    .find((transport) => transport !== undefined);
  const report = reference && reference.images > 0 ? classReport(reference, { columns }).trimEnd() : '';
  const parts = [
    header(result),
    transportTable(result, columns),
    problems(result),
    agreement(result, columns),
    notes(result),
  ];
  const texts = [...parts.map((lines) => lines.join('\n')), report];
  return `\n${texts.filter((text) => text !== '').join('\n\n')}\n`;
}

function header(result: EvalServedModelResult): string[] {
  const { modelName, modelVersion, host, images, classNames, batchSize, concurrency } = result;
  const version = modelVersion === null ? '' : `, version ${modelVersion}`;
  const load = `${batchSize} per request, ${concurrency} ${concurrency === 1 ? 'request' : 'requests'} at a time`;
  return [
    `model    ${printable(modelName)}${version}, at ${printable(host)}`,
    `images   ${images} of ${classNames.length} classes, ${load}`,
  ];
}

function transportTable({ transports }: EvalServedModelResult, columns: number): string[] {
  const rows = servedTransports.flatMap((transport) => {
    const evaluation = transports[transport];
    if (!evaluation) return [];
    const { loss, imagesPerSecond, latency, bytesPerImage } = evaluation;
    const ratios = [...figuresOf(evaluation).map(([, value]) => value ?? NaN), loss].map((value) => decimal(value, 4));
    const times = [latency.p50, latency.p95, latency.p99].map((value) => decimal(value, value < 99.95 ? 1 : 0));
    return [
      [
        transportDescriptions[transport].name,
        ...ratios,
        decimal(imagesPerSecond, 0),
        ...times,
        byteText(bytesPerImage),
      ],
    ];
  });
  const [first] = Object.values(transports);
  const figures = first ? figuresOf(first).map(([name]) => name) : ['accuracy', 'top-1'];
  const names = ['transport', ...figures, 'loss', 'images/s', 'p50', 'p95', 'p99', 'sent'];
  return [
    ...table([names, ...rows], columns),
    'p50, p95, p99: milliseconds in which that share of the requests was answered',
    'sent: size of a request, per image',
  ];
}

/** The ratios of a transport, by their headings. */
function figuresOf(evaluation: EvaluationResult): (readonly [name: string, value: number | null])[] {
  if (isMultiLabelResult(evaluation)) return [['mAP', evaluation.meanAveragePrecision], ['F1', evaluation.macroAverage.f1]]; // prettier-ignore
  const { accuracy, topK } = evaluation;
  return [['accuracy', accuracy], [`top-${topK.k}`, topK.accuracy]]; // prettier-ignore
}

function problems(result: EvalServedModelResult): string[] {
  // Both transports of a protocol may fail for the same reason, which is reported once.
  const byReason = new Map<string, ServedTransport[]>();
  for (const { transport, kind, message, path } of result.problems) {
    const where = path === null ? '' : ` at ${nameOfImage(path, result)}`;
    const reason = `${kindWords[kind]}${where}: ${message.replaceAll('\n', '\n  ')}`;
    byReason.set(reason, [...(byReason.get(reason) ?? []), transport]);
  }
  const lines = [...byReason].map(
    ([reason, transports]) =>
      `${transports.map((transport) => transportDescriptions[transport].name).join(', ')} ${reason}`,
  );
  const missing = result.problems.find(({ kind }) => kind === 'unreachable');
  if (!missing) return lines;
  const other = transportDescriptions[missing.transport].protocol === 'GRPC' ? 'REST' : 'GRPC';
  return [...lines, `If that is as it should be, ask for the other protocol alone: --protocol ${other}`];
}

const kindWords = { unreachable: 'left out', 'not-offered': 'left out', failed: 'failed' } as const;

function agreement(result: EvalServedModelResult, columns: number): string[] {
  const { agreement, transports, classNames, images } = result;
  const { maxLogitDifference, differing } = agreement;
  if (images === 0 || Object.keys(transports).length < 2) return ['agreement: there are no two transports to compare'];
  const difference = `largest difference between the transports' logits: ${maxLogitDifference.toPrecision(3)}`;
  const isMultiLabel = Object.values(transports).some(isMultiLabelResult);
  const which = isMultiLabel ? 'the same classes' : 'the same class';
  if (differing.length === 0) return [difference, `every image has ${which} over all transports`];
  const gone = servedTransports.filter((transport) => transports[transport]);
  const nameOf = (index: number) => printable(classNames[index] ?? String(index));
  const classOf = (predicted: Predicted = -1) => cut([predicted].flat().map(nameOf).join(', ') || 'none', widestClass);
  const widestImage = columns - gone.length * (widestClass + 2);
  const rows = differing
    .slice(0, mostNamed)
    .map(({ path, predicted }) => [
      endOf(nameOfImage(path, result), widestImage),
      ...gone.map((transport) => classOf(predicted[transport])),
    ]);
  const names = gone.map((transport) => transportDescriptions[transport].name);
  const more = differing.length > mostNamed ? [`… and ${differing.length - mostNamed} more (--json lists them)`] : [];
  return [
    difference,
    `images whose ${isMultiLabel ? 'classes differ' : 'class differs'} by transport: ${differing.length}`,
    ...table([['image', ...names], ...rows], columns),
    ...more,
  ];
}

/** A path is known by its end. */
function endOf(text: string, columns: number): string {
  return text.length <= columns ? text : `…${text.slice(1 - columns)}`;
}

/** Below the test set's folder. */
function nameOfImage(file: string, { directory }: EvalServedModelResult): string {
  return printable(path.relative(directory, file));
}

function notes({ classNamesTold, skipped, interrupted, transports }: EvalServedModelResult): string[] {
  const told = {
    all: [],
    some: ['The server names only some of its classes; those agree with the folders of the test set.'],
    none: ['The server does not name its classes: the folders of the test set, in order, are taken for them.'],
  }[classNamesTold];
  const nonFinite = Object.values(transports).reduce((most, transport) => Math.max(most, transport.nonFinite), 0);
  return [
    ...told,
    ...(skipped.length === 0 ? [] : [`${skipped.length} images do not decode and were left out (--json lists them)`]),
    ...(nonFinite === 0 ? [] : [`${nonFinite} images have logits that are not finite`]),
    ...(interrupted ? ['Interrupted: this is what was done until then.'] : []),
  ];
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
