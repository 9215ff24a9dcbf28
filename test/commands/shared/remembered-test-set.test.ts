import path from 'node:path';

import { create as createTar } from 'tar';
import { expect, it } from 'vitest';

import { rememberedTestSet } from '../../../src/commands/shared/remembered-test-set.js';
import { png, temporaryDirectory, writeFiles } from '../../data/samples.js';

it('a test set of shards of others is read again with the field that names the class', async () => {
  const folder = temporaryDirectory();
  const testDatasetPath = path.join(folder, 'a.tar');
  writeFiles(folder, {
    '1.png': png,
    '1.json': '{"kind": "cat"}',
    'model/assets.extra/arguments.json': JSON.stringify({ testDatasetPath, labelField: 'kind' }),
  });
  await createTar({ cwd: folder, file: testDatasetPath }, ['1.png', '1.json']);
  const known = await rememberedTestSet(path.join(folder, 'model'));
  expect(await known?.scan()).toMatchObject({ classNames: ['cat'], problems: [] });
});
