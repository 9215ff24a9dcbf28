import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { lookAtPictures } from '../../../src/evaluation/data-check/look-at-pictures.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

describe('lookAtPictures', () => {
  it('sees in several threads what it sees in one, in the order of the images, and says how far it is', async () => {
    const { files } = await scanImageDirectory('data/digits/test');
    const some = files.filter((_, i) => i % 4 === 0);
    const done: number[] = [];
    const [one, several] = await Promise.all([
      lookAtPictures(some, { threads: 1 }),
      lookAtPictures(some, { threads: 2, onProgress: (pictures) => done.push(pictures) }),
    ]);
    expect(several).toEqual(one);
    expect(new Set(one.map((seen) => String(seen?.gray))).size).toBeGreaterThan(80);
    expect(done.at(-1)).toBe(some.length);
  });

  it('sees nothing in a file that does not decode, and ends with the reason of a signal', async () => {
    const { files } = await scanImageDirectory('data/digits/test');
    const bad = path.join(await temporaryFolder(), 'bad.png');
    await writeFile(bad, 'no picture');
    const some = files.slice(0, 64).map((file, i) => (i === 40 ? { ...file, path: bad } : file));
    const seen = await lookAtPictures(some, { threads: 2 });
    expect(seen.flatMap((each, i) => (each === null ? [i] : []))).toEqual([40]);
    const stopped = lookAtPictures(some, { threads: 2, signal: AbortSignal.abort(new Error('enough')) });
    await expect(stopped).rejects.toThrow('enough');
  });
});
