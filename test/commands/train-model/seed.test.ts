import path from 'node:path';

import { expect, it } from 'vitest';

import { loadModel } from '../../../src/models/load-model.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { NoisyModel } from '../../helpers/models/noisy-model.js';
import { runInProcess } from '../../helpers/run-in-process.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

it('--seed gives the same weights at every start, also where layers of TF.js draw at random', async () => {
  const folder = await temporaryFolder();
  const { train } = copyDigits(folder, { classes: 2, images: 8 });
  let starts = 0;
  const trained = async () => {
    const models = path.join(folder, `models-${(starts += 1)}`);
    const own = 'test/helpers/models/noisy-model.ts#NoisyModel';
    const flags = ['--num-epochs', '2', '--batch-size', '4', '--jit', 'graph', '--no-unknown', '--seed', '7'];
    const { code, stderr } = await runInProcess('train-model', [train, '--model-type', own, '--model-folder-path', models, ...flags]); // prettier-ignore
    expect([code, stderr.includes('op by op')], stderr).toEqual([0, false]);
    const model = await loadModel(path.join(models, 'NoisyModel', '1'), { modelTypes: { NoisyModel } });
    const values = model.weights.map((weight) => [...weight.read().dataSync()]);
    model.dispose();
    return values;
  };
  expect(await trained()).toEqual(await trained());
});
