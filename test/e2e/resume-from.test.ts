import { existsSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runCommandLine } from '../helpers/run-command-line.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

describe('train-model --resume-from', () => {
  it('needs no other flag, and says what is missing', async () => {
    const folder = await temporaryFolder();
    const [output, models] = [path.join(folder, 'output'), path.join(folder, 'models')];
    for (const flag of [['--resume-from', `${output}.training/`], [`--resume-from=${output}`]]) {
      const { code, stdout, stderr } = await runCommandLine('train-model', [...flag, '--model-folder-path', models]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        `train-model: There is nothing to go on with: ${output}.training/last is missing, which worker.py writes after every epoch. Give the ` +
          '--output of worker.py, with the folder output.training still beside it.\n',
      );
    }
    expect(existsSync(models)).toBe(false);
  });

  it.each([['--resume'], ['--workers', '2'], ['--export-training', 'export']])('goes not with %s', async (...flags) => {
    const { code, stderr } = await runCommandLine('train-model', ['--resume-from', 'output', ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--resume-from goes on in this process: give it without --resume, --workers and --export-training.',
    );
  });

  it('is in the help', async () => {
    expect((await runCommandLine('train-model', ['--help'])).stdout).toMatch(
      /--resume-from +Go on here with what .*worker\.py began/,
    );
  });
});
