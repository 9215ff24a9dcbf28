import { existsSync } from 'node:fs';

import { SignetError } from '../../errors.js';
import { weightsPath } from './download-weights.js';
import { type PublishedWeights, publishedWeights } from './published-weights.js';

/** Which of the published weight files of a class are in the user's cache. */
export interface CachedWeights {
  /** Whether the backbone's weights are cached, for `train-model --pretrained-weights imagenet`. */
  readonly backbone: boolean;
  /** Whether the weights of all layers are cached, for `build-model --weights imagenet`. */
  readonly withHead: boolean;
}

/**
 * Looks for the weights of a class of Signet's, such as `ResnetModel`, at its own width, variant and image size.
 *
 * @returns `null` when there are no published weights for the class.
 */
export function cachedWeights(modelType: string): CachedWeights | null {
  const backbone = published(modelType, false);
  const withHead = published(modelType, true);
  if (backbone === null || withHead === null) return null;
  return { backbone: existsSync(weightsPath(backbone)), withHead: existsSync(weightsPath(withHead)) };
}

function published(modelType: string, includeTop: boolean): PublishedWeights | null {
  try {
    return publishedWeights({ modelType, name: 'imagenet', includeTop });
  } catch (error) {
    if (error instanceof SignetError && error.code === 'INVALID_ARGUMENT') return null;
    throw error;
  }
}
