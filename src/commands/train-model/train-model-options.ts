import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { parseAugmentation } from '../shared/parse-augmentation.js';
import { trainModelCommand } from './flags.js';

/** What `train-model` trains and how, with every default filled in; what each option means stands in `flags.ts`. */
export interface TrainModelOptions extends OptionsOf<typeof trainModelCommand.flags> {}

/** The options as a caller gives them: `trainDatasetPath` and `testDatasetPath` are required, the rest has the defaults of the command's flags. */
export interface GivenTrainModelOptions extends GivenOptionsOf<typeof trainModelCommand.flags> {}

/**
 * Fills in the defaults, and checks the options before any file is read.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists every problem.
 */
export function completeTrainModelOptions(given: GivenTrainModelOptions): TrainModelOptions {
  const options = completeOptions(trainModelCommand.flags, given);
  // The size of the images is not known yet.
  if (options.augment !== undefined) parseAugmentation(options.augment, { imageSize: [1, 1], seed: options.seed });
  return options;
}
