import type { MessageInitShape } from '@bufbuild/protobuf';

import { toTensorProto } from '../../saved-model/read/tensor-proto-value.js';
import type {
  PredictRequest,
  PredictResponseSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { checkInputNames } from '../limits/check-request.js';
import type { ModelServer } from '../model-server.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import { readTensors } from './read-tensors.js';

export interface PredictOptions {
  /** How much memory all inputs of a request may take, in bytes. */
  readonly maxTensorBytes: number;
  /** Whether outputs are in `tensor_content` rather than in typed fields. */
  readonly tensorContent: boolean;
}

/** Any signature, on tensors. Source: tensorflow_serving/servables/tensorflow/predict_util.cc. */
export async function predict(
  models: ModelServer,
  { modelSpec, inputs: protos, outputFilter }: PredictRequest,
  { isAbout, ...waiting }: GrpcCall,
  { maxTensorBytes, tensorContent }: PredictOptions,
): Promise<MessageInitShape<typeof PredictResponseSchema>> {
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  checkInputNames(models.find(spec), signatureName, Object.keys(protos));
  const inputs = readTensors(protos, maxTensorBytes);
  const { version, outputs } = await models.predict({ spec, signatureName, inputs, outputFilter, ...waiting });
  isAbout({ version: version.version });
  const written = Object.entries(outputs).map(
    ([name, value]) => [name, toTensorProto(value, { asContent: tensorContent })] as const,
  );
  return { modelSpec: writeModelSpec(version, signatureName), outputs: Object.fromEntries(written) };
}
