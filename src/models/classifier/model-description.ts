import { open } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';

/** The file in `assets.extra/` that says what a classifier was made from, for `loadModel`. */
export const modelDescriptionFile = 'signet.json';

/** What it holds. */
export interface ModelDescription {
  /** The class's name, such as `LenetModel`. */
  readonly modelType: string;
  /** Pixels. */
  readonly inputHeight: number;
  /** Pixels. */
  readonly inputWidth: number;
  /** What the class takes beside these, such as a MobileNetModel's `alpha`. */
  readonly options: OwnOptions;
}

/** Options of one class. */
export type OwnOptions = Readonly<Record<string, number | string | boolean>>;

/** A model directory is untrusted: no description is longer, and no image is larger. */
const mostBytes = 10_000;
const mostPixels = 10_000;

/**
 * Reads what a classifier was made from.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the file is missing or says something else.
 */
export async function readModelDescription(directory: string): Promise<ModelDescription> {
  const text = await readBeginning(path.join(directory, 'assets.extra', modelDescriptionFile));
  const description = parse(text);
  if (description) return description;
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${directory} does not say what it was made from: assets.extra/${modelDescriptionFile} ${text === null ? 'is missing' : 'is damaged'}. ` +
      'Give a directory that Signet has saved, with all its folders.',
  );
}

async function readBeginning(file: string): Promise<string | null> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(mostBytes) });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function isOptions(value: unknown): value is OwnOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => ['number', 'string', 'boolean'].includes(typeof each));
}

function parse(text: string | null): ModelDescription | null {
  try {
    const description = JSON.parse(text ?? '') as Record<keyof ModelDescription, unknown>;
    const { modelType, inputHeight, inputWidth, options = {} } = description;
    const isSize = (size: unknown): size is number =>
      typeof size === 'number' && Number.isSafeInteger(size) && size >= 1 && size <= mostPixels;
    if (typeof modelType !== 'string' || !isSize(inputHeight) || !isSize(inputWidth)) return null;
    return isOptions(options) ? { modelType, inputHeight, inputWidth, options } : null;
  } catch {
    return null;
  }
}
