import { createReadStream } from 'node:fs';

import { CsvError, parse } from 'csv-parse';

import { count } from '../../text/amounts.js';
import { quoted } from '../../text/printable.js';
import { type ListFault, listLimits, type RawList, type RawRow } from './list-row.js';

/** Positions of the columns of a list. */
interface Columns {
  readonly path: number;
  readonly label: number | null;
  readonly split: number | null;
  /** Columns with one class each, by position; none if one column has the labels. */
  readonly classes: ReadonlyMap<number, string>;
  readonly names: readonly string[];
}

/** Record with the line in which it ends, as csv-parse returns them with `info`. */
interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads a list as CSV, RFC 4180: a header `path,label[,split]`, or `path`, a column of 0 and 1 for each class, and perhaps `split`.
 * Fields may be separated by semicolons or tabs too. A label may name several classes, separated by `;` or `|`.
 */
export async function readCsvList(file: string): Promise<RawList> {
  const faults: ListFault[] = [];
  const rows: RawRow[] = [];
  let columns: Columns | null = null;
  try {
    for await (const { record, info } of records(file)) {
      if (columns === null) {
        columns = findColumns(record, faults);
        if (columns === null) break;
      } else if (record.length === columns.names.length) {
        rows.push(rowOf(record, info.lines, columns, faults));
      } else {
        const fields = count(record.length, 'field');
        faults.push({
          line: info.lines,
          message: `has ${fields}. Expected: ${columns.names.length}, as in the header`,
        });
      }
      if (rows.length > listLimits.rows || faults.length >= listLimits.faults) break;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    faults.push({ line: Number(error.lines ?? 1), message: messageOf(error) });
  }
  if (columns === null && faults.length === 0)
    faults.push({ line: 1, message: 'is empty. Expected: a header such as path,label' });
  const classNames = columns && columns.classes.size > 0 ? [...columns.classes.values()] : null;
  const separated = classNames ? rows : withSeparated(rows, faults);
  return { rows: separated, classNames, faults, notes: columns ? unusedColumns(columns) : [] };
}

async function* records(file: string): AsyncGenerator<CsvRecord> {
  const text = createReadStream(file, { end: listLimits.bytes });
  const parser = parse({
    bom: true,
    delimiter: await delimiterOf(file),
    info: true,
    max_record_size: listLimits.lineLength,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
  });
  text.on('error', (error) => parser.destroy(error));
  try {
    yield* text.pipe(parser) as AsyncIterable<CsvRecord>;
  } finally {
    text.destroy();
  }
}

/** Spreadsheet programs use semicolons as separators in countries where numbers have a decimal comma. */
async function delimiterOf(file: string): Promise<string> {
  let start = '';
  for await (const part of createReadStream(file, { end: 65_535, encoding: 'utf8' })) start += String(part);
  const header = start.split(/[\r\n]/, 1)[0] ?? '';
  const numbers = [',', ';', '\t'].map((each) => [each, header.split(each).length] as const);
  return numbers.reduce((best, each) => (each[1] > best[1] ? each : best))[0];
}

function findColumns(header: readonly string[], faults: ListFault[]): Columns | null {
  const names = header.map((name) => name.normalize('NFC'));
  const lower = names.map((name) => name.toLowerCase());
  const position = (name: string) => (lower.includes(name) ? lower.indexOf(name) : null);
  const [path, label, split] = [position('path'), position('label') ?? position('labels'), position('split')];
  const others = names.flatMap((name, i) => ([path, label, split].includes(i) ? [] : [[i, name] as const]));
  const twice = names.filter((name, i) => names.indexOf(name) !== i);
  if (twice.length > 0) faults.push({ line: 1, message: `names the column ${quoted(new Set(twice))} twice` });
  const hasLabels = label !== null || others.length >= 2;
  if (path === null || !hasLabels) {
    const expected = 'path and label, or path and a column for each class';
    faults.push({ line: 1, message: `has the columns ${quoted(names)}. Expected: ${expected}` });
  }
  if (path === null || !hasLabels || twice.length > 0) return null;
  return { path, label, split, classes: new Map(label === null ? others : []), names };
}

function rowOf(record: readonly string[], line: number, columns: Columns, faults: ListFault[]): RawRow {
  const { path, label, split, classes } = columns;
  return {
    line,
    path: record[path],
    label: label === null ? positiveClasses(record, line, classes, faults) : record[label],
    split: split === null ? undefined : record[split],
  };
}

const truth: ReadonlyMap<string, boolean> = new Map([
  ...['1', '1.0', 'true', 'yes'].map((word) => [word, true] as const),
  ...['0', '0.0', 'false', 'no', ''].map((word) => [word, false] as const),
]);

function positiveClasses(
  record: readonly string[],
  line: number,
  classes: Columns['classes'],
  faults: ListFault[],
): string[] {
  return [...classes].flatMap(([position, name]) => {
    const value = record[position] ?? '';
    const isTrue = truth.get(value.toLowerCase());
    if (isTrue === undefined)
      faults.push({ line, message: `has ${quoted([value])} in the column ${quoted([name])}. Expected: 0 or 1` });
    return isTrue ? [name] : [];
  });
}

/** Splits labels if one of them has a separator: then every row may have several, or none. */
function withSeparated(rows: readonly RawRow[], faults: ListFault[]): readonly RawRow[] {
  const firstWith = (separator: string) => rows.find(({ label }) => String(label).includes(separator));
  const [semicolon, bar] = [firstWith(';'), firstWith('|')];
  const separator = semicolon ? ';' : bar ? '|' : null;
  if (separator === null) return rows;
  if (semicolon && bar) {
    const message = `separates labels by ; and line ${bar.line} by |. Expected: one of them, or JSON Lines for names that contain them`;
    faults.push({ line: semicolon.line, message });
  }
  const namesOf = (label: unknown) => String(label).split(separator).map((name) => name.trim()).filter((name) => name !== ''); // prettier-ignore
  return rows.map((row) => ({ ...row, label: namesOf(row.label) }));
}

function unusedColumns({ label, path, split, names }: Columns): string[] {
  const unused = label === null ? [] : names.filter((_, i) => ![path, label, split].includes(i));
  if (unused.length === 0) return [];
  return [
    `${count(unused.length, 'column is', 'columns are')} not used: ${quoted(unused.slice(0, 5))}${unused.length > 5 ? ', …' : ''}.`,
  ];
}

function messageOf({ code, message }: CsvError): string {
  if (code === 'CSV_MAX_RECORD_SIZE') return `is longer than ${listLimits.lineLength} characters`;
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'begins a field with " that is never closed';
  return `is not CSV: ${message}`;
}
