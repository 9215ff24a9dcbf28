import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { parseHistory } from '../../evaluation/report/training-history.js';

/** A history is a line for each epoch. */
const historyLimit = 2 ** 24;

/**
 * The best of a value in the history beside a saved model, more being better: what a training that goes on has to beat before it saves
 * again. Null when none is told.
 */
export async function bestSavedValue(directory: string, name: string): Promise<number | null> {
  const file = path.join(directory, 'assets.extra', 'history.csv');
  const size = await stat(file).then(
    (stats) => stats.size,
    () => Infinity,
  );
  if (size > historyLimit) return null;
  const { columns } = parseHistory(await readFile(file, 'utf8'));
  const values = (columns.get(name) ?? []).filter((value) => value !== null);
  return values.length === 0 ? null : Math.max(...values);
}
