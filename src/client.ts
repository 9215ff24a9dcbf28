/**
 * The client of model servers by itself, as `signet-ml/client`: it loads no TensorFlow.
 *
 * @module signet-ml/client
 */
export type { ClientTls, Protocol, SignetClientOptions } from './client/client-options.js';
export type { ModelAnswer, ModelMetadata, ModelVersion } from './client/protocol-client.js';
export { ServerError, type ServerStatus } from './client/server-error.js';
export {
  type ClassifyOptions,
  type ExplainOptions,
  type PredictOptions,
  SignetClient,
} from './client/signet-client.js';
export type { InputValue } from './client/signet-client.js';
export {
  type CallableModel,
  classifyImages,
  type ImageLabel,
  type RecognizedImage,
  recognizeImages,
} from './client/classify-images.js';
export { explainImages, type Heatmap, type ImageExplanation } from './client/explain-images.js';
