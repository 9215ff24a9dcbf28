import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { createRandom } from '../../src/data/dataset/random.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { imageMutants, weightMutants, type WriteMutant } from '../helpers/data/mutated-files.js';
import { mutantReader, type ReadMutant } from '../helpers/data/read-mutant.js';
import { temporaryFolder, temporaryFolderForAll } from '../helpers/temporary-folder.js';

let read: ReadMutant;
let weights: Readonly<Record<string, WriteMutant>>;
let images: Readonly<Record<string, WriteMutant>>;

beforeAll(async () => {
  const savedModel = path.join(await temporaryFolderForAll(), '1');
  await new LenetModel({ classNames: Array.from('0123456789'), seed: 9 }).save(savedModel);
  [read, weights, images] = await Promise.all([mutantReader(), weightMutants(savedModel), imageMutants()]);
});

/** `npm run bench:mutated-files` reads thousands, in processes of their own. */
async function outcomes(write: WriteMutant | undefined, count: number): Promise<Set<string>> {
  const folder = await temporaryFolder();
  const random = createRandom(5);
  const found = new Set<string>();
  for (let i = 0; i < count; i += 1) {
    const file = await write?.(random, path.join(folder, `${i}`));
    const started = performance.now();
    found.add(await read(file ?? ''));
    expect(performance.now() - started, file).toBeLessThan(10_000);
  }
  return found;
}

describe('a damaged file', () => {
  it.each(['.h5', '.weights.h5', '.keras', 'SavedModel'])('%s is read or refused', async (kind) => {
    const found = await outcomes(weights[kind], 5);
    expect([...found].filter((each) => !['read', 'INVALID_WEIGHTS', 'INVALID_SAVED_MODEL'].includes(each))).toEqual([]);
  });

  it.each(['jpg', 'png', 'gif', 'bmp', 'webp', 'tiff', 'avif'])('%s is decoded or refused', async (kind) => {
    const problems = ['corrupt', 'unsupported', 'too-many-pixels', 'TENSORFLOW_ERROR'];
    const found = await outcomes(images[kind], 6);
    expect([...found].filter((each) => each !== 'read' && !problems.includes(each))).toEqual([]);
  });
});
