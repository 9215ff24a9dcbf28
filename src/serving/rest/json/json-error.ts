import { ServingError } from '../../serving-error.js';

/** A text that is no JSON. Source: tensorflow_serving/util/json_tensor.cc, `ParseJson`. */
export function jsonError(reason: string, offset: number): ServingError {
  return new ServingError('INVALID_ARGUMENT', `JSON Parse error: ${reason} at offset: ${offset}`);
}
