import { ServingError } from './serving-error.js';

/*
 * What a server says of models that it does not have, in TensorFlow Serving's words. Sources: core/manager.h,
 * model_servers/server_core.cc and model_servers/get_model_status_impl.cc.
 */

/** Makes the error for a request that no version can answer. @param version As the client wrote it, which may be larger than a number can hold. */
export function servableNotFound(name: string, version?: number | bigint | string): ServingError {
  const which = version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
  return new ServingError('NOT_FOUND', `Servable not found for request: ${which}`);
}

/** Makes the error for a label without a version. */
export function unknownLabel(label: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `Unrecognized servable version label: ${label}`);
}

/** Makes the error for a model without any version whose state could be reported. */
export function versionsNotFound(name: string, version?: number): ServingError {
  const what = version === undefined ? 'any versions' : `version ${version}`;
  return new ServingError('NOT_FOUND', `Could not find ${what} of model ${name}`);
}
