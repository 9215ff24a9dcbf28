import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { TrainingData } from './training-data.js';

/** The list in `assets.extra/` of the test images that were split off: `eval-model --test-list` takes it. */
export const testListFile = 'test-images.jsonl';

/** Makes the files that a saved model carries about its training. */
export function modelAssets(
  { data, options }: { readonly data: TrainingData; readonly options: TrainModelOptions },
  history: string,
): Record<string, string> {
  return {
    'arguments.json': argumentsJson(options),
    'history.csv': history,
    ...(data.skippedList !== '' && { 'skipped-images.tsv': data.skippedList }),
  };
}
