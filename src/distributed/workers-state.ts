import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../errors.js';

/** How far the workers of a distributed training are: what `last` says, see `Progress` in deploy/distributed/training_state.py. */
export interface WorkersState {
  /** Into how many parts a batch is cut. */
  readonly parts: number;
  /** How many epochs are done; from 1, since nothing is kept before. */
  readonly epochs: number;
  /** From 1. */
  readonly bestEpoch: number;
  /** Epochs since the best one. */
  readonly wait: number;
  /** Whether it ended before its last epoch, since nothing improved. */
  readonly isStopped: boolean;
  /** A row of `workersColumns` an epoch; null where a number is not finite. */
  readonly history: readonly (readonly (number | null)[])[];
  /** The `imagePathsDigest` of the images that it began with; empty when it was not kept. */
  readonly images: string;
}

/** As `COLUMNS` in deploy/distributed/training_state.py; epochs from 0. */
export const workersColumns = ['epoch', 'accuracy', 'loss', 'val_accuracy', 'val_loss'] as const;

/** A row of numbers an epoch: far below this many bytes. */
const stateLimit = 2 ** 24;

/**
 * Reads what workers keep in `OUTPUT.training`; null when there is none.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when it is damaged.
 */
export async function readWorkersState(folder: string): Promise<WorkersState | null> {
  const file = path.join(folder, 'last');
  const size = await stat(file).then(
    (stats) => stats.size,
    () => null,
  );
  if (size === null) return null;
  if (size > stateLimit) throw damaged(file, `it has ${size} bytes. Expected: ${stateLimit} at most`);
  const state = toState(parse(await readFile(file, 'utf8')));
  if (state) return state;
  throw damaged(file, 'it is not what deploy/distributed/worker.py writes');
}

function toState({
  parts,
  epochs,
  wait,
  history,
  images = '',
  ...flags
}: Record<string, unknown>): WorkersState | null {
  const { best_epoch: bestEpoch, is_stopped: isStopped } = flags;
  const areCounts = isCount(parts, 1) && isCount(epochs, 1) && isCount(bestEpoch, 1, epochs) && isCount(wait, 0);
  if (!areCounts || typeof isStopped !== 'boolean' || typeof images !== 'string') return null;
  return isHistory(history, epochs) ? { parts, epochs, bestEpoch, wait, isStopped, history, images } : null;
}

/** Python's JSON has numbers that are none. A value that is not finite becomes null. */
function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text.replaceAll(/\bNaN\b|-?\bInfinity\b/g, 'null'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown, least: number, most = Infinity): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isHistory(value: unknown, epochs: number): value is WorkersState['history'] {
  return Array.isArray(value) && value.length === epochs && value.every(isRow);
}

/** What is compared between epochs is always a number. */
function isRow(row: unknown, epoch: number): boolean {
  if (!Array.isArray(row) || row.length !== workersColumns.length) return false;
  const isNumber = (each: unknown) => each === null || typeof each === 'number';
  return row.every(isNumber) && row[0] === epoch && row[workersColumns.indexOf('val_accuracy')] !== null;
}

function damaged(file: string, what: string): SignetError {
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `${file} is damaged, or of another version of Signet: ${what}. Copy its folder again, or begin the training anew.`,
  );
}
