import path from 'node:path';

import { SignetError } from '../../errors.js';
import type { ServerOptions } from '../../serving/start-server.js';
import type { ModelConfig } from '../../serving/store/model-config.js';
import { readModelConfigFile } from '../../serving/store/model-config-file.js';
import { modelsOfFolder } from '../list-models/models-of-folder.js';

/** Where the models are. */
export interface ModelSources {
  /** Folder of models, each a folder of versions; or such a folder of versions itself. */
  readonly modelFolder?: string | undefined;
  /** The only model of the folder that is served; the name of a folder that is a model itself. Default: all; the folder's name. */
  readonly modelName?: string | undefined;
  /** TensorFlow Serving's configuration in protobuf's text format, instead of a folder. */
  readonly modelConfigFile?: string | undefined;
}

/** @throws SignetError `INVALID_ARGUMENT`, and `INVALID_SAVED_MODEL` for a folder without the model. */
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
  if (models.length > 0) return { modelFolder };
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
