import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadCallbacks } from '../../../src/commands/train-model/training-callbacks.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { fit } from '../../../src/training/fit.js';
import { Adam } from '../../../src/training/optimizers/adam.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { tinyDataset, tinyModel } from '../../helpers/training/tiny-training.js';

const context = () => ({
  model: new LenetModel({ classNames: ['a', 'b'], inputHeight: 32, inputWidth: 32 }),
  directory: 'models/1',
});

async function load(code: string) {
  const file = path.join(await temporaryFolder(), 'callbacks.mjs');
  await writeFile(file, code);
  return loadCallbacks(file, context());
}

describe('loadCallbacks', () => {
  it('takes methods, a list of them, or a function that makes them from the model', async () => {
    const seen: unknown[] = [];
    Object.assign(globalThis, { seen });
    const code = `export default ({ model, directory }) => [
      { onEpochEnd: (epoch, logs) => globalThis.seen.push([epoch, typeof logs.loss, model.classNames, directory]) },
    ];`;
    const callbacks = await load(code);
    await fit(tinyModel(new Adam()), tinyDataset(1), { epochs: 2, callbacks });
    expect(seen).toEqual([
      [0, 'number', ['a', 'b'], 'models/1'],
      [1, 'number', ['a', 'b'], 'models/1'],
    ]);
    expect(await load('export default { onTrainBegin() {} };')).toHaveLength(1);
    expect(await load('export default [{ onTrainBegin() {} }, { onBatchEnd() {} }];')).toHaveLength(2);
  });

  it.each([
    ['export const callbacks = [];', /whose default export is not a callback: .* Received: no default export\.$/],
    ['export default 3;', /whose default export is not a callback: .* Received: number\.$/],
    ['export default [{ onEpochEnds() {} }];', /or an object with one of onTrainBegin, .* Received: object\.$/],
    ["import 'no-such-package';", /^--callbacks names .*callbacks\.mjs, which cannot be imported: .*no-such-package/],
    [
      `throw new Error('Unknown file extension ".ts" for /x.ts');`,
      /for \/x\.ts\. Node\.js before 22\.18 does not run TypeScript: compile the file/,
    ],
    [`throw new Error('Unknown file extension ".md" for /x.md');`, /for \/x\.md$/],
  ])('says what a file lacks: %s', async (code, message) => {
    await expect(load(code)).rejects.toThrow(message);
  });

  it('says when there is no file', async () => {
    await expect(loadCallbacks('no/such.ts', context())).rejects.toThrow(
      '--callbacks names the file no/such.ts, which does not exist.',
    );
  });
});
