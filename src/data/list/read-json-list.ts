import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import { type ListFault, listLimits, type RawList, type RawRow } from './list-row.js';

/**
 * Reads a list as JSON Lines: `{"path": "cats/1.jpg", "label": "cat"}` in each line, `{"path": …, "labels": ["cat", "dog"]}` if an image may have
 * several, and perhaps `"split": "test"`. Other fields are ignored.
 */
export async function readJsonList(file: string): Promise<RawList> {
  const faults: ListFault[] = [];
  const rows: RawRow[] = [];
  const input = createReadStream(file, { end: listLimits.bytes, encoding: 'utf8' });
  let line = 0;
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1;
    const row = rowOf(text.replace(/^\ufeff/, ''), line);
    if (row && 'message' in row) faults.push(row);
    else if (row) rows.push(row);
    if (rows.length > listLimits.rows || faults.length >= listLimits.faults) break;
  }
  input.destroy();
  return { rows, classNames: null, faults, notes: [] };
}

function rowOf(text: string, line: number): RawRow | ListFault | null {
  if (text.trim() === '') return null;
  if (text.length > listLimits.lineLength)
    return { line, message: `is longer than ${listLimits.lineLength} characters` };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { line, message: 'is not an object' };
    const { path, label, labels, split, shards } = value as Readonly<Record<string, unknown>>;
    return { line, path, label: label ?? labels, split, shards };
  } catch {
    return { line, message: 'is not JSON. Expected: {"path": "cats/1.jpg", "label": "cat"}' };
  }
}
