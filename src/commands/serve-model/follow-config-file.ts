import type { ModelConfig } from '../../serving/store/model-config.js';
import { readModelConfigFile } from '../../serving/store/model-config-file.js';
import type { ModelStore } from '../../serving/store/model-store.js';
import type { OptionsOf } from '../shared/flag-table.js';
import type { serveModelCommand } from './flags.js';

/** Which file is followed, and how often it is checked; see `flags.ts`. */
export type FollowConfigFileOptions = Pick<
  OptionsOf<typeof serveModelCommand.flags>,
  'modelConfigFile' | 'modelConfigFilePollSeconds'
>;

/**
 * Reads a configuration again and again, and serves what it says whenever that has changed. A file that makes no sense is reported and
 * changes nothing.
 *
 * @param served What the file said when the store was started.
 * @returns Stops it.
 */
export function followConfigFile(
  options: FollowConfigFileOptions,
  store: ModelStore,
  served: readonly ModelConfig[],
): () => void {
  const { modelConfigFile: file, modelConfigFilePollSeconds: seconds } = options;
  if (file === undefined || !(seconds > 0)) return () => undefined;
  let known = textOf(served);
  let told = '';
  const look = async () => {
    try {
      const configs = await readModelConfigFile(file);
      const text = textOf(configs);
      if (text === known) return;
      known = text;
      await store.replaceModels(configs);
      told = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) process.stderr.write(`error: ${file}: ${message}\n`);
      told = message;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const next = () => {
    if (isStopped) return;
    timer = setTimeout(() => void look().finally(next), seconds * 1000);
    timer.unref();
  };
  next();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function textOf(configs: readonly ModelConfig[]): string {
  return JSON.stringify(configs, (_, value: unknown) => (value instanceof Map ? [...value] : value));
}
