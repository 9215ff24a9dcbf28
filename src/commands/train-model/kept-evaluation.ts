import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import * as v from 'valibot';

import type { Answered } from '../../evaluation/confidence/selective-accuracy.js';
import { readJson } from '../../files/read-json.js';

/** What a training found on its test set, as the model's directory keeps it. */
export interface KeptEvaluation {
  /** Share of the answers that were right, 0 to 1. */
  readonly accuracy: number;
  /** Mean over the classes, 0 to 1; only where images may have several. Null where no class has an image. */
  readonly meanAveragePrecision?: number | null | undefined;
  /** What is answered, and how much of it is right, for thresholds of the largest probability; only where images have one class. */
  readonly thresholds?: readonly (Answered & { readonly threshold: number })[] | undefined;
  /** When that was, in ISO 8601. */
  readonly date: string;
}

/** A model directory is untrusted: no such file is larger, in bytes. */
const mostBytes = 10_000;
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const schema = v.object({
  accuracy: share,
  meanAveragePrecision: v.optional(v.nullable(share)),
  thresholds: v.optional(v.array(v.object({ threshold: share, answered: v.nullable(share), accuracy: v.nullable(share) }))), // prettier-ignore
  date: v.pipe(v.string(), v.isoTimestamp()),
});

function fileOf(directory: string): string {
  return path.join(directory, 'assets.extra', 'evaluation.json');
}

/** Keeps an evaluation in a version's directory, for `list-models` and `show-model`. */
export async function keepEvaluation(directory: string, evaluation: KeptEvaluation): Promise<void> {
  await writeFile(fileOf(directory), `${JSON.stringify(evaluation)}\n`);
}

/** Reads what a training found. @returns Null for a version without, or with a file that cannot be read. */
export async function readKeptEvaluation(directory: string): Promise<KeptEvaluation | null> {
  return readJson(fileOf(directory), { mostBytes, schema }).catch(() => null);
}
