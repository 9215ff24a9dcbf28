import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { InterruptedTraining, interruptedVersions, lastWritten } from './interrupted-training.js';

/** Which training `--resume` means. */
export interface WantedTraining {
  readonly modelFolderPath: string;
  /** The class's name. Default: any. */
  readonly modelType?: string | undefined;
  /** Default: any. */
  readonly modelVersion?: number | undefined;
}

/**
 * The training that was interrupted last, of those that are wanted.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when there is none, or when it is damaged.
 */
export async function findInterruptedTraining(wanted: WantedTraining): Promise<InterruptedTraining> {
  const found = await Promise.all(
    (await candidates(wanted)).map(async (directory) => ({ directory, time: await lastWritten(directory) })),
  );
  const [newest] = found.toSorted((a, b) => b.time - a.time);
  const training = newest && (await InterruptedTraining.find(newest.directory));
  if (training) return training;
  const { modelFolderPath, modelType, modelVersion } = wanted;
  const which = `${modelVersion === undefined ? '' : ` of version ${modelVersion}`}${modelType === undefined ? '' : ` of ${modelType}`}`;
  throw new SignetError(
    'INVALID_TRAINING_STATE',
    `There is nothing to resume: ${modelFolderPath} keeps no interrupted training${which}. A training that has ended is kept no more; ` +
      'give the --model-folder-path, --model-type and --model-version of one that was interrupted, or begin one without --resume.',
  );
}

async function candidates({ modelFolderPath, modelType, modelVersion }: WantedTraining): Promise<string[]> {
  const types = modelType === undefined ? await readdir(modelFolderPath).catch(() => []) : [modelType];
  const directories = types.map(async (type) => {
    const parent = path.join(modelFolderPath, type);
    const versions = await interruptedVersions(parent);
    const wanted = versions.filter((version) => modelVersion === undefined || version === modelVersion);
    return wanted.map((version) => path.join(parent, String(version)));
  });
  return (await Promise.all(directories)).flat();
}
