import { existsSync, statSync } from 'node:fs';

import { headNames } from './include-top.js';
import { openKerasWeightFile } from './keras/keras-weight-file.js';
import { withUnpackedWeights } from './keras/unpack-keras-archive.js';

/** The layer of a weight file that gives the logits. */
export interface Head {
  readonly name: string;
  readonly classes: number;
}

/** What a weight file says of its classes. */
export interface HeadOfFile {
  /** `null` when no layer has one of the names that Signet and Keras Applications give to it. */
  readonly head: Head | null;
  /** Whether any layer is a dense one; files for backbones alone have none. */
  readonly hasDense: boolean;
}

/**
 * Finds the last layer of a classifier in its weight file, without reading any weights.
 *
 * @returns `null` when there is no such file.
 * @throws SignetError `INVALID_WEIGHTS` when it is no weight file of Keras, or damaged.
 */
export async function findHead(file: string): Promise<HeadOfFile | null> {
  if (!existsSync(file) || !statSync(file).isFile()) return null;
  return file.endsWith('.keras') ? withUnpackedWeights(file, readHead) : readHead(file);
}

async function readHead(path: string): Promise<HeadOfFile> {
  const file = await openKerasWeightFile(path);
  try {
    const dense = file.layers.flatMap(({ name, weights }) => {
      const shape = weights[0]?.shape ?? [];
      return shape.length === 2 ? [{ name, classes: shape[1] ?? 0 }] : [];
    });
    const head = dense.find(({ name }) => name === headNames.own || name === headNames.keras);
    return { head: head ?? null, hasDense: dense.length > 0 };
  } finally {
    file.close();
  }
}
