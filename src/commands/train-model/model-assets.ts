import { argumentsJson } from './remembered-options.js';
import type { TrainModelOptions } from './train-model-options.js';
import type { TrainingData } from './training-data.js';

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
