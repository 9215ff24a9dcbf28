import { buildModelCommand } from '../build-model/flags.js';
import { checkDatasetCommand } from '../check-dataset/flags.js';
import { compareModelsCommand } from '../compare-models/flags.js';
import { evalModelCommand } from '../eval-model/flags.js';
import { evalServedModelCommand } from '../eval-served-model/flags.js';
import { exportModelCommand } from '../export-model/flags.js';
import { initCommand } from '../init/flags.js';
import { listModelsCommand } from '../list-models/flags.js';
import { packDatasetCommand } from '../pack-dataset/flags.js';
import { predictImageCommand } from '../predict-image/flags.js';
import { previewAugmentationCommand } from '../preview-augmentation/flags.js';
import { serveModelCommand } from '../serve-model/flags.js';
import { setUpCommand } from '../set-up/flags.js';
import type { Command, FlagTable } from '../shared/flag-table.js';
import { showModelCommand } from '../show-model/flags.js';
import { trainModelCommand } from '../train-model/flags.js';

/** Every command of the package, in the order of `signet-ml --help` and docs/commands.md. */
export const allCommands: readonly Command<FlagTable>[] = [
  initCommand,
  setUpCommand,
  checkDatasetCommand,
  packDatasetCommand,
  trainModelCommand,
  previewAugmentationCommand,
  evalModelCommand,
  compareModelsCommand,
  buildModelCommand,
  showModelCommand,
  listModelsCommand,
  serveModelCommand,
  predictImageCommand,
  evalServedModelCommand,
  exportModelCommand,
];

/** What is typed after `signet-ml`, which is a command's folder too: `init`, `set-up`, `train-model`. */
export function wordOf({ name }: Command<FlagTable>): string {
  return name.replace(/^signet-(ml )?/, '');
}
