import { readdirSync } from 'node:fs';

import { describe, expect, it, onTestFinished } from 'vitest';

import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { saveScale } from '../helpers/models/save-scale.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Of this process, TensorFlow's included: Linux lists them. */
function threadCount(): number {
  return readdirSync('/proc/self/task').length;
}

async function threadsOf(directory: string, intraOpThreads?: number): Promise<number> {
  const before = threadCount();
  const model = await LoadedSavedModel.load(directory, { intraOpThreads });
  onTestFinished(() => model.dispose());
  return threadCount() - before;
}

describe('the threads of a session', () => {
  it.skipIf(process.platform !== 'linux')('are as many as it was loaded with', async () => {
    const directory = await saveScale(await temporaryFolder(), 1);
    // The first session of a process also starts the threads that all sessions share, which run one op beside another.
    await threadsOf(directory);
    expect(await threadsOf(directory, 9)).toBe(9);
    expect(await threadsOf(directory, 1)).toBe(1);
    expect(await threadsOf(directory, 40)).toBe(40);
  });

  it('are 127 at most', async () => {
    const directory = await saveScale(await temporaryFolder(), 1);
    await expect(LoadedSavedModel.load(directory, { intraOpThreads: 128 })).rejects.toThrow('from 0 to 127');
  });
});
