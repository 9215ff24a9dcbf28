import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { isStillRunning } from '../../files/process-identity.js';
import { InterruptedTraining } from './interrupted-training.js';
import { type ParseOptions, recordFile } from './training-record.js';
import { tell } from '../../text/tell.js';

/** Which training `--resume` means. */
export interface WantedTraining {
  /** Folder with a folder for each class, which has one for each version. */
  readonly modelFolderPath: string;
  /** Name of the model's class. Default: any. */
  readonly modelType?: string | undefined;
  /** Number of the version. Default: any. */
  readonly modelVersion?: number | undefined;
}

/**
 * Finds the most recently interrupted training that matches.
 *
 * @throws SignetError `INVALID_TRAINING_STATE` when there is none, or when it is damaged.
 */
export async function findInterruptedTraining<Options>(
  wanted: WantedTraining,
  parseOptions: ParseOptions<Options>,
): Promise<InterruptedTraining<Options>> {
  const found = await Promise.all(
    (await candidates(wanted)).map(async (directory) => ({
      directory,
      time: await InterruptedTraining.lastWritten(directory),
    })),
  );
  const [newest] = found.toSorted((a, b) => b.time - a.time);
  const training = newest && (await InterruptedTraining.find(newest.directory, parseOptions));
  if (training) return training;
  throw nothingToResume(wanted);
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

function nothingToResume({ modelFolderPath, modelType, modelVersion }: WantedTraining): SignetError {
  const version = modelVersion === undefined ? '' : ` of version ${modelVersion}`;
  const type = modelType === undefined ? '' : ` of ${modelType}`;
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `There is nothing to resume: ${modelFolderPath} keeps no interrupted training${version}${type}. A training that is done is not kept; ` +
      'give the --model-folder-path, --model-type and --model-version of one that was interrupted, or begin one without --resume.',
  );
}

/** Lists the versions of a model class whose training is not finished. @param parent The folder of the class. */
export async function interruptedVersions(parent: string): Promise<number[]> {
  const names = await readdir(parent).catch(() => []);
  return names.flatMap((name) => {
    const version = Number(/^\.(\d+)\.training$/.exec(name)?.[1] ?? NaN);
    return Number.isSafeInteger(version) && existsSync(path.join(parent, name, recordFile)) ? [version] : [];
  });
}

/** Mentions interrupted trainings that can be continued: a user who begins another may not know of them. */
export async function noteInterrupted(parent: string): Promise<void> {
  for (const version of await interruptedVersions(parent)) {
    const training = await InterruptedTraining.find(path.join(parent, String(version)), (options) => options).catch(
      () => null,
    );
    if (training?.hasState !== true || (await isStillRunning(training.record.process))) continue;
    tell(`note: ${training.folder} keeps an interrupted training; --resume continues it`);
  }
}
