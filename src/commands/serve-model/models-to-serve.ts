import path from 'node:path';

import { SignetError } from '../../errors.js';
import type { ServerOptions } from '../../serving/start-server.js';
import type { ModelConfig } from '../../serving/store/model-config.js';
import { readModelConfigFile } from '../../serving/store/model-config-file.js';
import { modelsOfFolder } from '../list-models/models-of-folder.js';
import type { OptionsOf } from '../shared/flag-table.js';
import { tell } from '../../text/tell.js';
import type { serveModelCommand } from './flags.js';
import { describeMisplacedModels } from './misplaced-models.js';

/** Where the models are; see `flags.ts`. */
export type ModelSources = Pick<
  OptionsOf<typeof serveModelCommand.flags>,
  'modelFolder' | 'modelName' | 'modelConfigFile'
>;

/** Finds the models that are served. @throws SignetError `INVALID_ARGUMENT`, and `INVALID_SAVED_MODEL` for a folder without the model. */
export async function modelsToServe({
  modelFolder,
  modelName,
  modelConfigFile,
}: ModelSources): Promise<Pick<ServerOptions, 'models' | 'modelFolder'>> {
  if (modelConfigFile !== undefined) return { models: await readModelConfigFile(modelConfigFile) };
  if (modelFolder === undefined) {
    throw new SignetError('INVALID_ARGUMENT', 'Give --model-folder or --model-config-file. Received: neither.');
  }
  const { isModel, models } = await modelsOfFolder(modelFolder);
  if (isModel) return { models: models.map((own) => ({ ...own, name: modelName ?? own.name })) };
  if (modelName !== undefined) return { models: [chosenModel(models, modelName, modelFolder)] };
  const misplaced = await describeMisplacedModels(modelFolder);
  if (models.length > 0) {
    for (const each of misplaced) tell(`warning: ${each}`);
    return { modelFolder };
  }
  if (misplaced.length > 0) throw new SignetError('INVALID_SAVED_MODEL', misplaced.join('\n'));
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${modelFolder} has no model. Expected: ${path.join(modelFolder, 'NAME', '1', 'saved_model.pb')}. Train one with train-model, or give another --model-folder.`,
  );
}

function chosenModel(found: readonly ModelConfig[], name: string, folder: string): ModelConfig {
  const model = found.find((each) => each.name === name);
  if (model) return model;
  const names = found.map((each) => each.name).join(', ') || 'none';
  throw new SignetError('INVALID_SAVED_MODEL', `${folder} has no model "${name}". It has: ${names}.`);
}
