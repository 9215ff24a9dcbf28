/**
 * Any SavedModel, Signet's or Python's, as `signet-ml/saved-model`: what is in it, its variables, and calls of its signatures.
 *
 * @module signet-ml/saved-model
 */
export { type ErrorCode, SignetError } from './errors.js';
export type { DType } from './tensorflow/data-type.js';
export type { TensorValue } from './tensorflow/tensor-value.js';
export { describeSavedModel, type SavedModelDescription } from './saved-model/describe/describe-saved-model.js';
export { readSignatures, type Signature, type SignatureTensor } from './saved-model/read/read-saved-model.js';
export {
  listVariables,
  readVariables,
  type VariableInfo,
  type VariableValues,
} from './saved-model/read/read-variables.js';
export { LoadedSavedModel, type LoadOptions } from './saved-model/run/load-saved-model.js';
