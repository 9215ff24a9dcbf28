import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { readListedArguments, reportedArguments } from '../../../src/commands/train-model/train-model-options.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const paths = { trainDatasetPath: 'train', testDatasetPath: 'test' };

async function versionWith(text: string): Promise<string> {
  const directory = await temporaryFolder();
  await mkdir(path.join(directory, 'assets.extra'));
  await writeFile(path.join(directory, 'assets.extra', 'arguments.json'), text);
  return directory;
}

describe('the arguments of a training', () => {
  it('are rows of its report, where a flag has a name for it', () => {
    const seven = { seed: 7, pretrainedWeights: 'imagenet' };
    expect(reportedArguments(completeTrainModelOptions({ ...paths, modelType: 'LenetModel' }))).toEqual([
      ['batch size', '32'],
      ['precision', 'float32'],
      ['seed', '42'],
    ]);
    expect(reportedArguments(completeTrainModelOptions({ ...paths, ...seven }))).toEqual([
      ['start', 'imagenet'],
      ['batch size', '32'],
      ['precision', 'float32'],
      ['seed', '7'],
    ]);
  });

  it.each(['', 'null', '[]', '{"constructor": 1, "seed": {}}', '{"seed"', `{"seed": "${'7'.repeat(2 ** 20)}"}`])(
    'are none where a file has none: %.20s',
    async (text) => {
      expect(await readListedArguments(await versionWith(text))).toEqual({});
    },
  );

  it('are none without a file', async () => {
    expect(await readListedArguments(await temporaryFolder())).toEqual({});
  });
});
