import type { MessageInitShape } from '@bufbuild/protobuf';

import { Code } from '../tensorflow/protos/xla/tsl/protobuf/error_codes_pb.js';
import {
  type GetModelStatusResponseSchema,
  ModelVersionStatus_State,
} from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type { VersionStatus } from './model-server.js';

/** The states of a model's versions as TensorFlow Serving's message, which gRPC sends as it is and REST as JSON. */
export function modelStatusResponse(
  statuses: readonly VersionStatus[],
): MessageInitShape<typeof GetModelStatusResponseSchema> {
  const modelVersionStatus = statuses.map(({ version, state, error }) => ({
    version: BigInt(version),
    state: ModelVersionStatus_State[state],
    status: error === undefined ? { errorCode: Code.OK } : { errorCode: Code.UNKNOWN, errorMessage: error },
  }));
  return { modelVersionStatus };
}

/** Maps every value of a record. */
export function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
