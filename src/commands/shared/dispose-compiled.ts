import type { ImageClassifierModel } from '../../models/image-classifier-model.js';

/** Frees a model that was compiled, and the state of its optimizer. */
export function disposeCompiled(model: ImageClassifierModel): void {
  model.optimizer.dispose();
  model.dispose();
}
