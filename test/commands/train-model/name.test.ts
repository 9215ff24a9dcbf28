import path from 'node:path';

import { expect, it } from 'vitest';

import { listModels } from '../../../src/commands/list-models/run.js';
import { listModelsText } from '../../../src/commands/list-models/print.js';
import { argumentsJson, resumedOptions } from '../../../src/commands/train-model/remembered-options.js';
import { reportedArguments } from '../../../src/commands/train-model/train-model-options.js';
import { completeTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const paths = { trainDatasetPath: 'train', testDatasetPath: 'test' };
const options = completeTrainModelOptions({ ...paths, name: 'harbour, second try' });

it("--name is in the training's report and in list-models, and may change when it is resumed", async () => {
  expect(reportedArguments(options)).toContainEqual(['name', 'harbour, second try']);
  expect(resumedOptions(options, { name: 'harbour' }, 'models/LenetModel/.1.training').name).toBe('harbour');
  expect(() => completeTrainModelOptions({ ...paths, name: ' ' })).toThrow('--name is empty');

  const modelFolder = await temporaryFolder();
  const model = new LenetModel({ classNames: ['ant', 'bee'], seed: 1 });
  for (const [version, assetsExtra] of [
    [1, {}],
    [2, { 'arguments.json': argumentsJson(options) }],
  ] as const) {
    await model.save(path.join(modelFolder, 'LenetModel', String(version)), { assetsExtra });
  }
  model.dispose();
  const result = await listModels({ modelType: 'LenetModel', modelFolder, measure: false });
  expect(result.savedModels?.map(({ arguments: shown }) => shown)).toEqual([{ name: 'harbour, second try' }, {}]);
  const [heading, second, first] = listModelsText(result, 120).split('\n').slice(3);
  expect(heading).toMatch(/^saved model .* ms\/image {2}name$/);
  expect(second).toMatch(/^LenetModel\/2 .* {2}harbour, second try$/);
  expect(first).toMatch(/^LenetModel\/1 .* {2}-$/);
});
