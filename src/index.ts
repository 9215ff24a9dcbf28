/** Signet's public API. */
export { type ErrorCode, SignetError } from './errors.js';
export * as tf from './tensorflow/tf.js';
export type { DType } from './tensorflow/data-type.js';
export { type Dimension, type Shape, TensorSpec, tensorSpec } from './tracing/tensor-spec.js';
export { ConcreteFunction, type NamedSpec } from './tracing/concrete-function.js';
export { type TfFunction, tfFunction, type TfFunctionOptions } from './tracing/tf-function.js';
export type { TfFunctionResult } from './tracing/trace.js';
export { cond } from './ops/cond.js';
export { decodeImage, decodeJpeg } from './ops/decode-image.js';
export { decodeAndResize, type ImageSize, resizeImages } from './ops/decode-and-resize.js';
export { stringScalar, stringVector } from './ops/strings.js';
export { mapFn } from './ops/map-fn.js';
export { CompiledFunctions } from './saved-model/compile.js';
export { LoadedSavedModel } from './saved-model/load-saved-model.js';
export { readSignatures, type Signature, type SignatureTensor } from './saved-model/read-saved-model.js';
export type { SavedModelParts } from './saved-model/saved-model-parts.js';
export { writeSavedModel } from './saved-model/write-saved-model.js';
export { saveServable, type SaveServableOptions } from './signatures/save-servable.js';
export { type ImageBatch, ImageDataset, type ImageDatasetOptions } from './data/image-dataset.js';
export {
  imageDatasetFromDirectory,
  type ImageDatasetFromDirectoryOptions,
} from './data/image-dataset-from-directory.js';
export { scanImageDirectory, type ScanOptions } from './data/scan-image-directory.js';
export type { ImageScan } from './data/image-scan.js';
export { fit, type FitOptions } from './training/fit.js';
export { accuracy, sparseCategoricalCrossentropy } from './training/losses.js';
export { CSVLogger } from './training/callbacks/csv-logger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './training/callbacks/early-stopping.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './training/callbacks/model-checkpoint.js';
export { Progress, type ProgressOptions } from './training/callbacks/progress.js';
export {
  type BuildLayers,
  ImageClassifierModel,
  type ImageClassifierOptions,
  type SaveOptions,
} from './models/image-classifier-model.js';
export { LenetModel } from './models/lenet-model.js';
export { ResnetModel } from './models/resnet-model.js';
export { ClassificationMetrics, type ClassificationResult } from './evaluation/classification-metrics.js';
export { evaluationText, type EvaluationTextOptions } from './evaluation/evaluation-text.js';
export { evaluateSavedModel, readClassNames, type SavedModelEvaluation } from './evaluation/evaluate-saved-model.js';
