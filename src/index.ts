/**
 * Models, data, training and tracing, as `signet-ml`. Serving, the client and SavedModels have doors of their own next to this file.
 *
 * @module signet-ml
 */
export { type ErrorCode, SignetError } from './errors.js';
export * as tf from './tensorflow/tf.js';
export type { DType } from './tensorflow/data-type.js';
export { type Dimension, type Shape, TensorSpec, tensorSpec } from './tracing/tensor-spec.js';
export { ConcreteFunction, type NamedSpec } from './tracing/concrete-function.js';
export { type InputSignature, type TfFunction, tfFunction, type TfFunctionOptions } from './tracing/tf-function.js';
export type { TfFunctionResult } from './tracing/trace.js';
export { type Asset, asset, type AssetContent } from './tracing/asset.js';
export { asString, type AsStringOptions } from './ops/as-string.js';
export { assertThat } from './ops/assert-that.js';
export { decodeBase64, encodeBase64 } from './ops/base64.js';
export { cond } from './ops/cond.js';
export { convertImageDtype } from './ops/convert-image-dtype.js';
export {
  decodeBmp,
  decodeGif,
  decodeImage,
  type DecodeImageOptions,
  decodeJpeg,
  type DecodeOptions,
  decodePng,
  type ExifHandling,
} from './ops/decode-image.js';
export { centerCrop, cropTo } from './ops/crop-to.js';
export { decodeAndResize } from './ops/decode-and-resize.js';
export {
  type CompletePreprocessing,
  fitImages,
  type FitImagesOptions,
  type ImageSize,
  type Preprocessing,
  type ResizeMode,
} from './ops/fit-images.js';
export { lookUpLabel, topLabels, type TopLabels } from './ops/labels.js';
export { mapFn } from './ops/map-fn.js';
export { padTo, padToMultiple, type PadOptions } from './ops/pad-to.js';
export { type FixedLenFeature, parseExample } from './ops/parse-example.js';
export type { AxesOptions, PictureSize, Position } from './ops/picture-axes.js';
export { randomNormal, type RandomShape, randomUniform } from './ops/random.js';
export { readFile, readLines } from './ops/read-file.js';
export { regexReplace } from './ops/regex-replace.js';
export {
  letterbox,
  type LetterboxOptions,
  resizeImages,
  type ResizeMethod,
  type ResizeOptions,
  resizeShorterSide,
} from './ops/resize-images.js';
export { type Size, sizeOf } from './ops/size-of.js';
export { splitLines } from './ops/split-lines.js';
export { whileLoop, type WhileLoopOptions } from './ops/while-loop.js';
export { compile, type Compiled, CompiledFunctions, type CompileOptions } from './saved-model/run/compile.js';
export type { SignatureMethod } from './saved-model/write/saved-model-parts.js';
export type { SaveServableOptions, ServedFunction } from './signatures/save-servable.js';
export { Servable } from './signatures/servable.js';
export { type ImageBatch, ImageDataset, type ImageDatasetOptions } from './data/dataset/image-dataset.js';
export {
  imageDatasetFromDirectory,
  type ImageDatasetFromDirectoryOptions,
} from './data/dataset/image-dataset-from-directory.js';
export { type DatasetSource, folderSource, listSource, type SourceScanOptions } from './data/source/dataset-source.js';
export { scanImageDirectory, type ScanOptions } from './data/scan/scan-image-directory.js';
export { scanMemoryPlace, type ScanMemoryPlace } from './data/scan/scan-memory.js';
export type { ImageScan } from './data/scan/image-scan.js';
export { balancedClassWeight, balancedPositiveWeight, type ClassWeight } from './training/class-weight.js';
export { evaluate, type EvaluateOptions } from './training/evaluate.js';
export { fit, type FitOptions } from './training/fit.js';
export {
  type AugmentedImages,
  Augmentation,
  type AugmentationOptions,
  type Transformation,
} from './training/augmentation/augmentation.js';
export type { AffineTransform, FillOptions } from './training/augmentation/affine-transform.js';
export type { Draws } from './training/augmentation/draws.js';
export type { Factor } from './training/augmentation/factor.js';
export { CutMix, type CutMixOptions } from './training/augmentation/cut-mix.js';
export { type TrainedHead, trainHead, type TrainHeadOptions } from './training/head/train-head.js';
export type { HeadScore } from './training/head/logistic-regression.js';
export { layerDecay } from './training/optimizers/layer-decay.js';
export { MixUp, type MixUpOptions } from './training/augmentation/mix-up.js';
export { RandomColorJitter, type RandomColorJitterOptions } from './training/augmentation/random-color-jitter.js';
export { RandomResizedCrop, type RandomResizedCropOptions } from './training/augmentation/random-resized-crop.js';
export { TrivialAugmentWide, type TrivialAugmentWideOptions } from './training/augmentation/trivial-augment-wide.js';
export { RandomBrightness, type RandomBrightnessOptions } from './training/augmentation/random-brightness.js';
export { RandomContrast, type RandomContrastOptions } from './training/augmentation/random-contrast.js';
export { RandomCrop, type RandomCropOptions } from './training/augmentation/random-crop.js';
export { RandomErasing, type RandomErasingOptions } from './training/augmentation/random-erasing.js';
export { RandomFlip, type RandomFlipOptions } from './training/augmentation/random-flip.js';
export { RandomRotation, type RandomRotationOptions } from './training/augmentation/random-rotation.js';
export { RandomTranslation, type RandomTranslationOptions } from './training/augmentation/random-translation.js';
export { RandomZoom, type RandomZoomOptions } from './training/augmentation/random-zoom.js';
export {
  GeometricTransformation,
  type ImagesShape,
  PixelTransformation,
} from './training/augmentation/transformation.js';
export type { Jit } from './training/steps/choose-step.js';
export type { Precision, PrecisionChoice } from './tensorflow/precision.js';
export {
  accuracy,
  BinaryCrossentropy,
  binaryCrossentropy,
  type BinaryCrossentropyOptions,
  sparseCategoricalCrossentropy,
  SparseCategoricalCrossentropy,
  type SparseCategoricalCrossentropyOptions,
} from './training/losses.js';
export type { EpochDataset } from './training/resume/resumable-dataset.js';
export { readWeights } from './training/steps/training-session.js';
export { BackupAndRestore, type BackupAndRestoreOptions } from './training/callbacks/backup-and-restore.js';
export { Callback, type CallbackLike, type Logs, type TrainingParams } from './training/callbacks/callback.js';
export { CallbackList } from './training/callbacks/callback-list.js';
export { CSVLogger } from './training/callbacks/csv-logger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './training/callbacks/early-stopping.js';
export { type EpochSchedule, LearningRateScheduler } from './training/callbacks/learning-rate-scheduler.js';
export type { CallbackState, ResumableCallback } from './training/callbacks/support/callback-state.js';
export { ModelCheckpoint, type ModelCheckpointOptions } from './training/callbacks/model-checkpoint.js';
export { Progress, type ProgressOptions } from './training/callbacks/progress.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './training/callbacks/reduce-lr-on-plateau.js';
export type { SaveFreq } from './training/callbacks/support/save-frequency.js';
export type { LineStream, ReportOptions } from './training/callbacks/support/report.js';
export { TensorBoard, type TensorBoardOptions } from './training/callbacks/tensor-board.js';
export { TerminateOnNaN, type TerminateOnNaNOptions } from './training/callbacks/terminate-on-nan.js';
export { Adam, type AdamOptions } from './training/optimizers/adam.js';
export { BackboneModel, type BackboneOptions, type BuildBackbone, type HeadFeatures } from './models/backbone-model.js';
export { Dropout, type DropoutOptions } from './models/classifier/dropout.js';
export type { AdamRuleOptions } from './training/optimizers/adam-optimizer.js';
export { AdamW, type AdamWOptions } from './training/optimizers/adam-w.js';
export type { ClipOptions } from './training/optimizers/clip-gradients.js';
export { Optimizer, type OptimizerVariable } from './training/optimizers/optimizer.js';
export type { OptimizerOptions } from './training/optimizers/optimizer-options.js';
export { RMSprop, type RMSpropOptions } from './training/optimizers/rmsprop.js';
export { SGD, type SGDOptions } from './training/optimizers/sgd.js';
export { CosineDecay, type CosineDecayOptions } from './training/schedules/cosine-decay.js';
export { ExponentialDecay, type ExponentialDecayOptions } from './training/schedules/exponential-decay.js';
export { LearningRateSchedule } from './training/schedules/learning-rate-schedule.js';
export { LinearWarmup, type LinearWarmupOptions } from './training/schedules/linear-warmup.js';
export { PiecewiseConstantDecay } from './training/schedules/piecewise-constant-decay.js';
export {
  type BuildLayers,
  type ClassifierCompileOptions,
  type ExplainImage,
  ImageClassifierModel,
  type ImageClassifierOptions,
  type SaveOptions,
} from './models/image-classifier-model.js';
export { downloadWeights, type DownloadWeightsOptions } from './models/keras/download-weights.js';
export type { DownloadFileOptions, DownloadProgress } from './models/keras/download-file.js';
export {
  loadKerasWeights,
  type LoadKerasWeightsOptions,
  type LoadedWeights,
} from './models/keras/load-keras-weights.js';
export { EfficientNetLiteModel, type EfficientNetLiteOptions } from './models/efficient-net-lite-model.js';
export { EfficientNetV2Model, type EfficientNetV2Options } from './models/efficient-net-v2-model.js';
export type { PretrainedOptions } from './models/load-pretrained.js';
export { InceptionModel } from './models/inception-model.js';
export { LenetModel } from './models/lenet-model.js';
export { MobileNetModel, type MobileNetOptions } from './models/mobile-net-model.js';
export { MobileNetV3Model, type MobileNetV3Options } from './models/mobile-net-v3-model.js';
export { ResnetModel } from './models/resnet-model.js';
export { ClassificationMetrics, type ClassificationResult } from './evaluation/classification-metrics.js';
export {
  chooseConfidence,
  type ChooseConfidenceOptions,
  type ChosenConfidence,
} from './evaluation/confidence/choose-confidence.js';
export {
  collectConfidenceSamples,
  type ConfidenceSamples,
  type EmbeddedImages,
} from './evaluation/confidence/confidence-samples.js';
export type { Calibration, ReliabilityBin } from './evaluation/confidence/reliability.js';
export type { Answered, ThresholdRow } from './evaluation/confidence/selective-accuracy.js';
export type { ChosenThreshold } from './evaluation/confidence/threshold-for-accuracy.js';
export type { ConfidenceSettings, KnownSettings, SureSettings } from './models/classifier/confidence-settings.js';
export {
  MultiLabelMetrics,
  type MultiLabelClassMetrics,
  type MultiLabelResult,
} from './evaluation/multi-label/multi-label-metrics.js';
export {
  chooseThresholds,
  evaluateMultiLabel,
  type MultiLabelEvaluation,
} from './evaluation/multi-label/evaluate-multi-label.js';
export type { MultiLabelMistake } from './evaluation/multi-label/multi-label-mistakes.js';
export { type ClassifierEvaluation, evaluateClassifier } from './evaluation/evaluate-classifier.js';
export type { AnsweredImage, EvaluatedEmbeddings } from './evaluation/embedding-map/embedding-sample.js';
export { type ProjectorOptions, writeProjectorFiles } from './evaluation/embedding-map/projector-files.js';
export type { Mistake } from './evaluation/hardest-mistakes.js';
export type { BestImage } from './evaluation/best-images.js';
export { type ExplainFiles, explainerOf } from './evaluation/pictures/explain-files.js';
export type { Fact, ReportContent } from './evaluation/report/report-content.js';
export type { TrainingHistory } from './evaluation/report/training-history.js';
export { writeReport, type WrittenReport } from './evaluation/report/write-report.js';
export {
  evaluateMultiLabelSavedModel,
  evaluateSavedModel,
  type SavedModelEvaluation,
} from './evaluation/evaluate-saved-model.js';
export { exportTraining, type ExportTrainingOptions } from './distributed/export-training.js';
export { loadModel, type LoadModelOptions } from './models/load-model.js';
export { exportGraphModel, exportLiteRT, exportOnnx, type ExportFunctionOptions } from './export/export-function.js';
export type { ExportOptions } from './export/export-files.js';
export type { ExportFormat, ExportQuantization } from './export/export-format.js';
export { readClassNames } from './models/classifier/read-class-names.js';
export { modelTypes, type ModelType } from './models/model-types.js';
export { trainModel, type TrainModelResult } from './commands/train-model/run.js';
export type { CallbackContext, CallbacksExport } from './commands/train-model/training-callbacks.js';
export type { GivenTrainModelOptions as TrainModelOptions } from './commands/train-model/train-model-options.js';
