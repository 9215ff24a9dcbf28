import type { ModelServer, ModelSpec, VersionStatus } from './model-server.js';
import { ServingError } from './serving-error.js';

/**
 * The states of a model's versions.
 *
 * Source of the text: tensorflow_serving/model_servers/get_model_status_impl.cc.
 *
 * @throws ServingError `NOT_FOUND`.
 */
export function modelStatuses(models: ModelServer, spec: ModelSpec): readonly VersionStatus[] {
  try {
    return models.status(spec);
  } catch (error) {
    if (!(error instanceof ServingError) || error.status !== 'NOT_FOUND') throw error;
    const what = spec.version === undefined ? 'any versions' : `version ${spec.version}`;
    throw new ServingError('NOT_FOUND', `Could not find ${what} of model ${spec.name}`, { cause: error });
  }
}

/** The same, but none for a model that is configured and has no version yet. */
export function statusesOrNone(models: ModelServer, name: string): readonly VersionStatus[] {
  try {
    return models.status({ name });
  } catch (error) {
    if (error instanceof ServingError && error.status === 'NOT_FOUND') return [];
    throw error;
  }
}
