import path from 'node:path';

import { InterruptedTraining, interruptedVersions } from './interrupted-training.js';
import { isStillRunning } from '../../files/process-identity.js';

/** Says of trainings that were interrupted that they can be gone on with: whoever begins another may not know. */
export async function noteInterrupted(parent: string): Promise<void> {
  for (const version of await interruptedVersions(parent)) {
    const directory = path.join(parent, String(version));
    const training = await InterruptedTraining.find(directory).catch(() => null);
    if (training?.hasState !== true || (await isStillRunning(training.record.process))) continue;
    process.stderr.write(`note: ${training.folder} keeps an interrupted training; --resume goes on with it\n`);
  }
}
