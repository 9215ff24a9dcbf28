import path from 'node:path';

import * as v from 'valibot';

import type { ClassFingerprint } from '../../data/scan/fingerprint-images.js';
import { SignetError } from '../../errors.js';
import { cannotWrite } from '../../files/cannot-write.js';
import type { ProcessIdentity } from '../../files/process-identity.js';
import { isOwnSeal, ownSeal } from '../../files/own-seal.js';
import { readJson, wholeNumber } from '../../files/read-json.js';
import { replaceFile } from '../../files/replace.js';

/** Name of the file in a training's folder that describes the training. */
export const recordFile = 'training.json';

/** Facts of a training known from its beginning, in addition to its state. */
export interface TrainingRecord<Options> {
  /** Options it was started with, as JSON can hold them. */
  readonly options: Options;
  /** The images that it learns from, including those for the validation. */
  readonly images: readonly ClassFingerprint[];
  /** The process that trains it, or did. */
  readonly process: ProcessIdentity;
  /** Stamp of the model that was in the version directory before, see `InterruptedTraining`; null if there was none. */
  readonly replaces: string | null;
  /** Whether this user's `train-model` wrote the options on this machine. A folder from elsewhere may name any file in its paths. */
  readonly isOwn: boolean;
}

const format = 1;
/** Maximum size in bytes: the options, and one entry per class. */
const mostBytes = 2 ** 24;

const schema = v.object({
  format: v.literal(format),
  options: v.unknown(),
  images: v.array(v.object({ name: v.string(), images: wholeNumber(), digest: v.string() })),
  process: v.object({ id: wholeNumber(), started: v.optional(v.nullable(v.string()), null) }),
  replaces: v.optional(v.nullable(v.string()), null),
  seal: v.optional(v.nullable(v.string()), null),
});

/** Checks options that were read from a file, which messages name. @throws SignetError `INVALID_TRAINING_STATE`. */
export type ParseOptions<Options> = (value: unknown, file: string) => Options;

/**
 * Reads the record in a training's folder; null if there is none.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when it is damaged.
 */
export async function readRecord<Options>(
  folder: string,
  parseOptions: ParseOptions<Options>,
): Promise<TrainingRecord<Options> | null> {
  const file = path.join(folder, recordFile);
  const error = (problem: string, cause: unknown) =>
    new SignetError(
      'INVALID_TRAINING_STATE',
      `${file} is damaged, or of another version of Signet: ${problem}. Begin the training again without --resume, or remove ${folder}.`,
      { cause },
    );
  const record = await readJson(file, { mostBytes, schema, error });
  if (!record) return null;
  const { images, process, replaces, seal } = record;
  const isOwn = await isOwnSeal(JSON.stringify(record.options), seal);
  return { options: parseOptions(record.options, file), images, process, replaces, isOwn };
}

/** Writes the record into a folder that exists. @throws SignetError `CANNOT_WRITE`. */
export async function writeRecord(folder: string, { isOwn, ...record }: TrainingRecord<unknown>): Promise<void> {
  // A record from elsewhere gets no seal, which would make its paths count as this user's.
  const seal = isOwn ? await ownSeal(JSON.stringify(record.options)) : null;
  try {
    await replaceFile(path.join(folder, recordFile), JSON.stringify({ format, ...record, seal }, null, 2));
  } catch (error) {
    throw cannotWrite(folder, error);
  }
}
