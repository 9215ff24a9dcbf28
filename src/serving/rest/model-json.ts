import { create, toJson } from '@bufbuild/protobuf';

import type { Signature, SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { GetModelStatusResponseSchema } from '../../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import { mapValues, modelStatusResponse } from '../model-messages.js';
import type { ModelServer, ModelSpec, ServedVersion } from '../model-server.js';

/*
 * Messages as protobuf's JSON with `preserve_proto_field_names` and `always_print_primitive_fields`: names in snake_case, int64
 * as strings, defaults written out. Sources: tensorflow_serving/model_servers/http_rest_api_util.cc; apis/get_model_status.proto;
 * tensorflow/core/protobuf/meta_graph.proto.
 */

/** The answer to `GET /v1/models/NAME`. @throws ServingError `NOT_FOUND`. */
export function statusJson(models: ModelServer, spec: ModelSpec) {
  const response = create(GetModelStatusResponseSchema, modelStatusResponse(models.status(spec)));
  return toJson(GetModelStatusResponseSchema, response, { alwaysEmitImplicit: true, useProtoFieldName: true });
}

/**
 * The answer to `GET /v1/models/NAME/metadata`.
 *
 * Not written with protobuf-es's `toJson`, which orders fields by number, whereas TensorFlow Serving writes those of a `oneof` (`version`, a tensor's
 * `name`) last.
 */
export function metadataJson({ name, version, signatures }: ServedVersion) {
  return {
    model_spec: { name, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: mapValues(signatures, signatureJson) } },
  };
}

function signatureJson({ inputs, outputs, method }: Signature) {
  return {
    inputs: mapValues(inputs, tensorJson),
    outputs: mapValues(outputs, tensorJson),
    method_name: method,
    defaults: {},
  };
}

function tensorJson({ tensor, spec }: SignatureTensor) {
  const dim = (spec.shape ?? []).map((size) => ({ size: String(size ?? -1), name: '' }));
  return {
    dtype: DataType[dataTypeOf(spec.dtype)],
    tensor_shape: { dim, unknown_rank: spec.shape === null },
    name: tensor,
  };
}
