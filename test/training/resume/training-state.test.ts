import { readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import * as tf from '../../../src/tensorflow/tf.js';
import { TrainingStateFolder } from '../../../src/training/resume/training-state.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const session = { totals: null, step: null, data: null, validationData: null };
const metadata = (epoch: number) => ({ epoch, batch: 0, session, optimizer: 'Adam', callbacks: [] });

/** A state whose second tensor fails when it is read, as a full disk or a crash would end the writing. */
function failing(): Record<string, tf.Tensor> {
  const bad = tf.tensor1d([1]);
  bad.dispose();
  return { 'weights/0': tf.tensor1d([7, 7]), 'weights/1': bad };
}

async function epochAndWeight(folder: string) {
  const saved = await new TrainingStateFolder(folder).read();
  const weight = await saved?.read('weights/0', tf.zeros([2]));
  return [saved?.metadata.epoch, weight && Array.from(weight.dataSync())];
}

describe('TrainingStateFolder', () => {
  it('leaves the state before when the writing of the next one fails, and removes its rest at the next writing', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const state = new TrainingStateFolder(folder);
    await state.write(metadata(1), { 'weights/0': tf.tensor1d([1, 2]) });
    await expect(state.write(metadata(2), failing())).rejects.toThrow(/^Cannot write /);
    expect(await epochAndWeight(folder)).toEqual([1, [1, 2]]);
    expect((await readdir(folder)).some((name) => name.startsWith('state-2'))).toBe(true);
    await state.write(metadata(3), { 'weights/0': tf.tensor1d([3, 4]) });
    expect(await epochAndWeight(folder)).toEqual([3, [3, 4]]);
    expect(await readdir(folder)).toHaveLength(3);
  });

  it('reads the state before when the metadata of the next one are not in their place yet', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const state = new TrainingStateFolder(folder);
    await state.write(metadata(1), { 'weights/0': tf.tensor1d([1, 2]) });
    await writeFile(path.join(folder, 'training_metadata.json.new'), '{"format": 2, "sta');
    expect(await epochAndWeight(folder)).toEqual([1, [1, 2]]);
    await state.write(metadata(2), { 'weights/0': tf.tensor1d([3, 4]) });
    expect(await epochAndWeight(folder)).toEqual([2, [3, 4]]);
  });

  it('removes what is its own', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const state = new TrainingStateFolder(folder);
    await state.write(metadata(1), { 'weights/0': tf.tensor1d([1, 2]) });
    await writeFile(path.join(folder, 'notes.txt'), 'mine');
    await state.remove();
    expect(await readdir(folder)).toEqual(['notes.txt']);
    expect(await state.read()).toBeNull();
    await rename(path.join(folder, 'notes.txt'), path.join(path.dirname(folder), 'notes.txt'));
    await state.remove();
    expect(await readdir(path.dirname(folder))).toEqual(['notes.txt']);
  });
});
