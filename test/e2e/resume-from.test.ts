import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { trainModel } from '../../src/commands/train-model/run.js';
import { completeTrainModelOptions } from '../../src/commands/train-model/train-model-options.js';
import { readVariables } from '../../src/saved-model/read/read-variables.js';
import { asWorkersKeepIt } from '../helpers/training/as-workers-keep-it.js';
import { runCommandLine } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

describe('train-model --resume-from', () => {
  it('needs no other flag, and says what is missing', async () => {
    const folder = await temporaryFolder();
    const [output, models] = [path.join(folder, 'output'), path.join(folder, 'models')];
    for (const flag of [['--resume-from', `${output}.training/`], [`--resume-from=${output}`]]) {
      const { code, stdout, stderr } = await runInProcess('train-model', [...flag, '--model-folder-path', models]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        `train-model: There is nothing to resume from: ${output}.training/last is missing, which worker.py writes after every epoch. Give the ` +
          '--output of worker.py, and keep the folder output.training next to it.\nError code: INVALID_TRAINING_STATE\n',
      );
    }
    expect(existsSync(models)).toBe(false);
  });

  it.each([['--resume'], ['--workers', '2'], ['--export-training', 'export']])('goes not with %s', async (...flags) => {
    const { code, stderr } = await runInProcess('train-model', ['--resume-from', 'output', ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--resume-from continues in this process: give it without --resume, --workers and --export-training.',
    );
  });

  it('is an ordinary training from then on: --resume goes on with it after kill -9', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder();
    const { train, test } = copyDigits(folder, { classes: 3, images: 12, testImages: 6 });
    const options = completeTrainModelOptions({
      trainDatasetPath: train,
      testDatasetPath: test,
      modelFolderPath: path.join(folder, 'whole'),
      modelType: 'LenetModel',
      batchSize: 8,
      numEpochs: 5,
      patience: 9,
      learningRate: 0.00005,
      seed: 4,
      jit: 'graph',
    });
    const whole = await trainModel(options);
    // What is saved at the end is of an epoch that only this machine has trained.
    expect(whole.bestEpoch).toBeGreaterThan(2);
    const output = await asWorkersKeepIt(folder, options, 2);
    const models = ['--model-folder-path', path.join(folder, 'models')];
    const callbacks = path.join(folder, 'kill.ts');
    const kill = `if (epoch === 3) process.kill(process.pid, 'SIGKILL');`;
    writeFileSync(callbacks, `export default { onEpochBegin: (epoch: number) => { ${kill} } };`);
    const data = ['--train-dataset-path', train, '--test-dataset-path', test];
    const from = ['--resume-from', output, ...data];
    const killed = await runCommandLine('train-model', [...from, ...models, '--callbacks', callbacks]);
    expect(killed.code, killed.stderr).toBeNull();
    const type = path.join(folder, 'models', 'LenetModel');
    expect(readdirSync(type).sort()).toEqual(['.1.training', '1']);
    writeFileSync(callbacks, 'export default { onEpochBegin: () => undefined };');
    const resumed = await runInProcess('train-model', ['--resume', ...models, '--callbacks', callbacks]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('at epoch 4, batch 1\n');
    expect(resumed.stdout).toMatch(new RegExp(`^epochs +5, the best was ${whole.bestEpoch}$`, 'm'));
    expect(readdirSync(type)).toEqual(['1']);
    const [own, others] = [await readVariables(path.join(type, '1')), await readVariables(whole.directory)];
    expect(own.map(({ values }) => values)).toEqual(others.map(({ values }) => values));
  });

  it('is in the help', async () => {
    expect((await runInProcess('train-model', ['--help'])).stdout).toMatch(
      /--resume-from +Continue on this machine a training of .*worker\.py/,
    );
  });
});
