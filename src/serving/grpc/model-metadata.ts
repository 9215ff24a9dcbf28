import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';

import type { Signature, SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import type {
  SignatureDefSchema,
  TensorInfoSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import {
  type GetModelMetadataRequest,
  type GetModelMetadataResponseSchema,
  SignatureDefMapSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/get_model_metadata_pb.js';
import { mapValues } from '../model-messages.js';
import type { ModelServer } from '../model-server.js';
import { ServingError } from '../serving-error.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, writeModelSpec } from './model-spec.js';

const onlyField = 'signature_def';

/**
 * The signatures of a model, as `ServedVersion` has them: without `__saved_model_init_op`, which nobody can call, and without inputs and outputs of
 * types that Signet does not support.
 *
 * Source of rules and texts: tensorflow_serving/servables/tensorflow/get_model_metadata_impl.cc.
 */
export function getModelMetadata(
  models: ModelServer,
  { modelSpec, metadataField }: GetModelMetadataRequest,
  { isAbout }: GrpcCall,
): MessageInitShape<typeof GetModelMetadataResponseSchema> {
  isAbout({ model: modelSpec?.name ?? '' });
  if (!modelSpec) throw new ServingError('INVALID_ARGUMENT', 'Missing ModelSpec');
  if (metadataField.length === 0) {
    throw new ServingError('INVALID_ARGUMENT', 'GetModelMetadataRequest must specify at least one metadata_field');
  }
  const unknown = metadataField.find((field) => field !== onlyField);
  if (unknown !== undefined) throw new ServingError('INVALID_ARGUMENT', `Metadata field ${unknown} is not supported`);
  const version = models.find(readModelSpec(modelSpec));
  isAbout({ version: version.version });
  const signatureDef = mapValues(version.signatures, signatureDefOf);
  const map = create(SignatureDefMapSchema, { signatureDef });
  return { modelSpec: writeModelSpec(version), metadata: { [onlyField]: anyPack(SignatureDefMapSchema, map) } };
}

function signatureDefOf({ inputs, outputs, method }: Signature): MessageInitShape<typeof SignatureDefSchema> {
  return { inputs: mapValues(inputs, tensorInfoOf), outputs: mapValues(outputs, tensorInfoOf), methodName: method };
}

function tensorInfoOf({ tensor, spec }: SignatureTensor): MessageInitShape<typeof TensorInfoSchema> {
  const tensorShape = spec.shape
    ? { dim: spec.shape.map((size) => ({ size: BigInt(size ?? -1) })) }
    : { unknownRank: true };
  return { encoding: { case: 'name', value: tensor }, dtype: dataTypeOf(spec.dtype), tensorShape };
}
