import { whyNoFeatureMap } from '../../models/classifier/feature-map.js';
import type { ImageClassifierModel } from '../../models/image-classifier-model.js';
import { tell } from '../../text/tell.js';

/** Reports on standard error why a model is saved without `serving_heatmap` although it was asked for. */
export function noteMissingHeatmap(model: ImageClassifierModel): void {
  if (!model.withHeatmap || model.explainImage) return;
  tell(`note: ${model.constructor.name} is saved without serving_heatmap: ${whyNoFeatureMap(model)}`);
}
