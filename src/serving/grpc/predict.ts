import type { MessageInitShape } from '@bufbuild/protobuf';

import { toTensorProto } from '../../saved-model/read/tensor-proto-value.js';
import type {
  PredictRequest,
  PredictResponseSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { checkInputNames } from '../limits/check-request.js';
import { checkRows, hasRows, type SizeLimits } from '../limits/check-size.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { ModelServer } from '../model-server.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import { readTensors } from './read-tensors.js';

export interface PredictOptions {
  readonly limits: SizeLimits;
  /** Whether outputs are in `tensor_content` rather than in typed fields. */
  readonly tensorContent: boolean;
}

/** Any signature, on tensors. Source: tensorflow_serving/servables/tensorflow/predict_util.cc. */
export async function predict(
  models: ModelServer,
  { modelSpec, inputs: protos, outputFilter }: PredictRequest,
  { isAbout, values, ...waiting }: GrpcCall,
  { limits, tensorContent }: PredictOptions,
): Promise<MessageInitShape<typeof PredictResponseSchema>> {
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  const found = { spec, version: models.find(spec) };
  const signature = checkInputNames(found.version, signatureName, Object.keys(values ?? protos));
  const inputs = values ?? readSmall(signature, protos, limits);
  const { version, outputs } = await models.predict({ ...found, signatureName, inputs, outputFilter, ...waiting });
  isAbout({ version: version.version });
  const written = Object.entries(outputs).map(
    ([name, value]) => [name, toTensorProto(value, { asContent: tensorContent })] as const,
  );
  return { modelSpec: writeModelSpec(version, signatureName), outputs: Object.fromEntries(written) };
}

/** One value may fill a shape of any size: rows are counted before any value is made. */
function readSmall(
  signature: Signature,
  protos: Readonly<Record<string, TensorProto>>,
  limits: SizeLimits,
): Record<string, TensorValue> {
  if (hasRows(signature)) {
    for (const { tensorShape } of Object.values(protos))
      checkRows(Number(tensorShape?.dim[0]?.size ?? 0), limits.maxRows);
  }
  return readTensors(protos, limits.maxTensorBytes);
}
