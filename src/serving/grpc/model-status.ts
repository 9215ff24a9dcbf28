import type { MessageInitShape } from '@bufbuild/protobuf';

import { Code } from '../../tensorflow/protos/xla/tsl/protobuf/error_codes_pb.js';
import type {
  GetModelStatusRequest,
  GetModelStatusResponseSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type {
  ReloadConfigRequest,
  ReloadConfigResponseSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/model_management_pb.js';
import type { ModelServer } from '../model-server.js';
import { modelStatusResponse } from '../model-messages.js';
import { ServingError } from '../serving-error.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec } from './model-spec.js';

/** The states of a model's versions. */
export function getModelStatus(
  models: ModelServer,
  { modelSpec }: GetModelStatusRequest,
  { isAbout }: GrpcCall,
): MessageInitShape<typeof GetModelStatusResponseSchema> {
  isAbout({ model: modelSpec?.name ?? '' });
  return modelStatusResponse(models.status(readModelSpec(modelSpec)));
}

/**
 * Replaces the configuration.
 *
 * Source of the text: tensorflow_serving/model_servers/model_service_impl.cc.
 */
export async function reloadConfig(
  models: ModelServer,
  { config }: ReloadConfigRequest,
): Promise<MessageInitShape<typeof ReloadConfigResponseSchema>> {
  if (config?.config.case !== 'modelConfigList') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported',
    );
  }
  if (!models.reload) {
    throw new ServingError('UNIMPLEMENTED', 'This server has no configuration that could be replaced.');
  }
  await models.reload(config);
  return { status: { errorCode: Code.OK } };
}
