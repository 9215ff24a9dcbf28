import type { ImageClassifierModel } from '../../../src/models/image-classifier-model.js';
import { writeSavedModel } from '../../../src/saved-model/write/write-saved-model.js';

/** Saves a classifier with only its two oldest signatures, so that the output is short enough for a snapshot. */
export async function saveTwoSignatures(model: ImageClassifierModel, directory: string): Promise<void> {
  await writeSavedModel(directory, {
    functions: {
      predict_numpy_image: model.predictNumpyImage.getConcreteFunction(),
      predict_bytes_image: model.predictBytesImage.getConcreteFunction(),
    },
    signatures: { serving_default: 'predict_numpy_image', serving_bytes: 'predict_bytes_image' },
    assets: { class_names_file: model.classNamesFile },
  });
}
