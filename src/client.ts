/** The client of model servers by itself, as `signet/client`: it loads no TensorFlow. */
export type { ClientTls, Protocol, SignetClientOptions } from './evaluation/clients/client-options.js';
export type { ModelAnswer, ModelMetadata, ModelVersion } from './evaluation/clients/protocol-client.js';
export { ServerError, type ServerStatus } from './evaluation/clients/server-error.js';
export { type ClassifyOptions, type PredictOptions, SignetClient } from './evaluation/clients/signet-client.js';
export type { InputValue } from './evaluation/clients/to-tensor-value.js';
export type { ImageLabel } from './evaluation/classify-images.js';
