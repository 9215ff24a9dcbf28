import path from 'node:path';

import * as v from 'valibot';

import { SignetError } from '../errors.js';
import { readJson, wholeNumber } from '../files/read-json.js';

/** Progress of the workers of a distributed training: the file `last`, see `Progress` in deploy/distributed/training_state.py. */
export interface WorkersState {
  /** The number of parts into which a batch is split. */
  readonly parts: number;
  /** The number of epochs that are done; at least 1, since nothing is kept before. */
  readonly epochs: number;
  /** The best epoch, from 1. */
  readonly bestEpoch: number;
  /** Epochs since the best one. */
  readonly wait: number;
  /** Whether it ended before its last epoch, because nothing improved. */
  readonly isStopped: boolean;
  /** One row of `workersColumns` per epoch; null where a number is not finite. */
  readonly history: readonly (readonly (number | null)[])[];
  /** The `imagePathsDigest` of the images that it began with; empty when it was not kept. */
  readonly images: string;
}

/** As `COLUMNS` in deploy/distributed/training_state.py; epochs from 0. */
export const workersColumns = ['epoch', 'accuracy', 'loss', 'val_accuracy', 'val_loss'] as const;

/** Maximum size in bytes, for one row of numbers per epoch. */
const mostBytes = 2 ** 24;

const value = v.nullable(v.number());
/** The accuracy of the validation is compared between epochs, and so is always a number. */
const row = v.strictTuple([wholeNumber(), value, value, v.number(), value]);

const schema = v.pipe(
  v.object({
    parts: wholeNumber(1),
    epochs: wholeNumber(1),
    best_epoch: wholeNumber(1),
    wait: wholeNumber(),
    is_stopped: v.boolean(),
    history: v.array(row),
    images: v.optional(v.string(), ''),
  }),
  v.check(({ best_epoch: best, epochs }) => best <= epochs, 'a best_epoch that is done'),
  v.check(({ history, epochs }) => history.length === epochs, 'one row of the history per epoch'),
  v.check(({ history }) => history.every(([epoch], i) => epoch === i), 'the epochs of the history in their order'),
);

/**
 * Reads what workers keep in `OUTPUT.training`; null when there is none.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when it is damaged.
 */
export async function readWorkersState(folder: string): Promise<WorkersState | null> {
  const file = path.join(folder, 'last');
  const error = (problem: string, cause: unknown) =>
    new SignetError(
      'INVALID_TRAINING_STATE',
      `${file} is damaged, or of another version of Signet: ${problem}. Copy its folder again, or begin the training again.`,
      { cause },
    );
  const last = await readJson(file, { mostBytes, schema, parse: parsePython, error });
  if (!last) return null;
  const { parts, epochs, wait, history, images, best_epoch: bestEpoch, is_stopped: isStopped } = last;
  return { parts, epochs, bestEpoch, wait, isStopped, history, images };
}

/** Python's JSON has NaN and infinities, which JSON does not know. They become null. */
function parsePython(text: string): unknown {
  return JSON.parse(text.replaceAll(/\bNaN\b|-?\bInfinity\b/g, 'null'));
}
