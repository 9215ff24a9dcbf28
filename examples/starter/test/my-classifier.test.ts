import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

import { tf } from '../../../src/index.js';
import { LoadedSavedModel } from '../../../src/saved-model.js';
import { MyClassifier } from '../src/my-classifier.js';

/** The first picture of each class. */
async function pictures(folder: string): Promise<Uint8Array[]> {
  const classes = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return Promise.all(
    classes.map(async ({ name }) => {
      const [first = ''] = await readdir(path.join(folder, name));
      return readFile(path.join(folder, name, first));
    }),
  );
}

await test('the saved model answers as the class does', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'my-classifier-'));
  try {
    const model = new MyClassifier({ classNames: ['one', 'two', 'three'], seed: 1 });
    const files = tf.tensor1d(await pictures('data/test'), 'string');
    const here = model.predictAnswer(files);
    await model.save(path.join(folder, '1'));
    const loaded = await LoadedSavedModel.load(path.join(folder, '1'));
    const saved = loaded.call('serving_answer', { image_bytes_string: files });

    assert.deepEqual(Object.keys(saved).sort(), ['label', 'lead', 'probability']);
    assert.deepEqual(saved.label?.dataSync(), here.label.dataSync());
    const [lead, expected] = [saved.lead?.dataSync() ?? [], here.lead.dataSync()];
    assert.equal(lead.length, files.size);
    expected.forEach((value, i) => assert.ok(Math.abs(value - (lead[i] ?? NaN)) < 1e-5));
    loaded.dispose();
  } finally {
    await rm(folder, { recursive: true });
  }
});
