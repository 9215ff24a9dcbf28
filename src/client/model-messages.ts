import { type Signature, signatureOfDef } from '../saved-model/read/read-saved-model.js';
import type { SignatureDef } from '../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import {
  type GetModelStatusResponse,
  ModelVersionStatus_State,
} from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type { ModelVersion } from './protocol-client.js';

/** Signatures as `readSignatures` gives them of a model on disk: without those that TensorFlow keeps for itself. */
export function namedSignatures(definitions: Readonly<Record<string, SignatureDef>>): Record<string, Signature> {
  const named = Object.entries(definitions).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(named.map(([key, definition]) => [key, signatureOfDef(definition)]));
}

/** The latest version first. */
export function modelVersions({ modelVersionStatus }: GetModelStatusResponse): ModelVersion[] {
  const names: Readonly<Record<number, string | undefined>> = ModelVersionStatus_State;
  const versions = modelVersionStatus.map(({ version, state, status }) => ({
    version: Number(version),
    // A later server may have further states.
    state: (names[state] ?? 'UNKNOWN') as ModelVersion['state'],
    error: status === undefined || status.errorMessage === '' ? null : status.errorMessage,
  }));
  return versions.toSorted((a, b) => b.version - a.version);
}
