import path from 'node:path';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { LocalModelServer } from './local-model-server.js';

/** An untrained LeNet on disk, and loaded as version 4 of the model `digits`. */
export interface LoadedLenet {
  /** `FOLDER/digits/4`. */
  readonly directory: string;
  /** The caller disposes of it. */
  readonly models: LocalModelServer;
}

/** Saves a LeNet of these classes to `FOLDER/digits/4`, the same at every call, and loads it. */
export async function loadLenet(folder: string, classNames: readonly string[]): Promise<LoadedLenet> {
  const directory = path.join(folder, 'digits', '4');
  const model = new LenetModel({ classNames, seed: 1 });
  await model.save(directory);
  model.dispose();
  return { directory, models: await LocalModelServer.load(directory, 'digits', 4) };
}
