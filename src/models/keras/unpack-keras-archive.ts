import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { invalidWeights, mostWeightBytes } from './keras-layer.js';

/** The weights inside a `.keras` archive; source: keras/src/saving/saving_lib.py. */
const entry = 'model.weights.h5';

/** Highest factor by which deflate compresses anything: an archive that claims more is hostile. */
const mostCompression = 1032;

/**
 * Takes the weight file out of a `.keras` archive for as long as `use` runs.
 *
 * @throws SignetError `INVALID_WEIGHTS` when it is not such an archive.
 */
export async function withUnpackedWeights<T>(archive: string, use: (file: string) => Promise<T>): Promise<T> {
  const { size } = await stat(archive);
  if (size > mostWeightBytes)
    throw invalidWeights(archive, `it has ${size} bytes; at most ${mostWeightBytes} are read`);
  const weights = await unpack(archive, await readFile(archive), size);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-keras-'));
  try {
    const file = path.join(folder, entry);
    await writeFile(file, weights);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function unpack(archive: string, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  // Loaded when it is needed: most trainings need no archive.
  const { unzipSync } = await import('fflate');
  let claims = 0;
  const isWanted = ({ name, originalSize }: { name: string; originalSize: number }) => {
    if (name !== entry) return false;
    // Each entry would be inflated, so a few bytes in an archive's list could cause megabytes of work.
    if (claims > 0) throw new Error(`it lists ${entry} twice`);
    claims = originalSize;
    return originalSize <= Math.min(size * mostCompression, mostWeightBytes);
  };
  try {
    const weights = unzipSync(bytes, { filter: isWanted })[entry];
    if (weights) return weights;
  } catch (error) {
    throw invalidWeights(archive, 'it is not an archive of Keras, or it is damaged', error);
  }
  const what = claims > 0 ? `its ${entry} claims ${claims} bytes` : `it has no ${entry}`;
  throw invalidWeights(archive, what);
}
