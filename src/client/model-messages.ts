import {
  type GetModelStatusResponse,
  ModelVersionStatus_State,
} from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type { ModelVersion } from './protocol-client.js';

/** The versions in a status, the latest first. */
export function modelVersions({ modelVersionStatus }: GetModelStatusResponse): ModelVersion[] {
  const names: Readonly<Record<number, string | undefined>> = ModelVersionStatus_State;
  const versions = modelVersionStatus.map(({ version, state, status }) => ({
    version: Number(version),
    // A newer server may have further states.
    state: (names[state] ?? 'UNKNOWN') as ModelVersion['state'],
    error: status === undefined || status.errorMessage === '' ? null : status.errorMessage,
  }));
  return versions.toSorted((a, b) => b.version - a.version);
}
