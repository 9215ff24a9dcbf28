import { create, toBinary } from '@bufbuild/protobuf';

import { grpcPath } from '../../src/client/grpc-services.js';
import { tensorJson } from '../../src/client/tensor-json.js';
import type { Random } from '../../src/data/dataset/random.js';
import { toTensorProto } from '../../src/saved-model/read/tensor-proto-value.js';
import { contentsField, datatypeOf } from '../../src/serving/inference/datatype.js';
import { writeRaw } from '../../src/serving/inference/raw-tensor.js';
import { type DType, dtypes } from '../../src/tensorflow/data-type.js';
import {
  GRPCInferenceService,
  ModelInferRequestSchema,
} from '../../src/tensorflow/protos/inference/open_inference_pb.js';
import { ClassificationRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import { GetModelMetadataRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/get_model_metadata_pb.js';
import { GetModelStatusRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import { ModelService } from '../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictRequestSchema } from '../../src/tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { PredictionService } from '../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import type { TensorValue } from '../../src/tensorflow/tensor-value.js';
import { drawValues } from '../../test/helpers/data/draw-values.js';

/** A request that a client may send, before it is damaged. */
export interface ValidRequest {
  /** Path of the URL; if `isGrpc`, that of the method. */
  readonly path: string;
  readonly isGrpc: boolean;
  /** Default: POST. */
  readonly method?: 'POST' | 'OPTIONS';
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes a request, with other values each time. */
export type MakeRequest = (random: Random) => ValidRequest | Promise<ValidRequest>;

const rest = (path: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): ValidRequest => ({ path, isGrpc: false, body: Buffer.from(body), headers }); // prettier-ignore
const overGrpc = (path: string, body: Uint8Array): ValidRequest => ({
  path,
  isGrpc: true,
  body: Buffer.from(body),
  headers: {},
});

/**
 * Every kind of request: each element type over each protocol and form, the examples' methods, questions about models, preflights, and pictures of
 * every format in an upload and as a tensor.
 *
 * @param image Returns the bytes of a picture in a format, damaged or not.
 */
export function requestKinds(
  formats: readonly string[],
  image: (format: string, random: Random) => Promise<Buffer>,
): Readonly<Record<string, MakeRequest>> {
  const kinds: Record<string, MakeRequest> = {};
  for (const dtype of dtypes) Object.assign(kinds, kindsOf(dtype));
  for (const format of formats) {
    kinds[`upload ${format}`] = async (random) => rest('/v1/models/LenetModel:classify-image', await image(format, random));
    kinds[`form ${format}`] = async (random) => formOf(await image(format, random));
    kinds[`b64 ${format}`] = async (random) => {
      const b64 = (await image(format, random)).toString('base64');
      return rest('/v1/models/LenetModel:predict', JSON.stringify({ signature_name: 'serving_bytes', instances: [{ b64 }] }));
    };
  } // prettier-ignore
  return { ...kinds, ...examples, ...questions, ...preflights };
}

function drawn(dtype: DType, random: Random): TensorValue {
  const shape = [1 + Math.floor(random() * 3), 2];
  return { dtype, shape, values: drawValues(dtype, (shape[0] ?? 0) * 2, random) };
}

function kindsOf(dtype: DType): Record<string, MakeRequest> {
  const infer = { name: dtype, datatype: datatypeOf(dtype) };
  const parameters = { signature_name: { parameterChoice: { case: 'stringParam', value: dtype } } } as const;
  const predict =
    (asContent: boolean): MakeRequest =>
    (random) => {
      const inputs = { [dtype]: toTensorProto(drawn(dtype, random), { asContent: asContent && dtype !== 'string' }) };
      const message = create(PredictRequestSchema, { modelSpec: { name: 'echo', signatureName: dtype }, inputs });
      return overGrpc(grpcPath(PredictionService.method.predict), toBinary(PredictRequestSchema, message));
    };
  const inferMessage =
    (isRaw: boolean): MakeRequest =>
    (random) => {
      const value = drawn(dtype, random);
      const field = contentsField(dtype);
      const list = dtype === 'bool' ? Array.from(value.values as Uint8Array, Boolean) : [...value.values];
      const isList = !isRaw && field !== null;
      const message = create(ModelInferRequestSchema, {
        modelName: 'echo',
        parameters,
        inputs: [{ ...infer, shape: value.shape.map(BigInt), ...(isList && { contents: { [field]: list } }) }],
        rawInputContents: isList ? [] : [new Uint8Array(writeRaw(value))],
      });
      return overGrpc(grpcPath(GRPCInferenceService.method.modelInfer), toBinary(ModelInferRequestSchema, message));
    };
  const kinds: Record<string, MakeRequest> = {
    [`gRPC ${dtype}`]: predict(false),
    [`gRPC content ${dtype}`]: predict(true),
    [`infer gRPC ${dtype}`]: inferMessage(false),
    [`infer gRPC raw ${dtype}`]: inferMessage(true),
    [`infer binary ${dtype}`]: (random) => binaryInfer(dtype, drawn(dtype, random)),
  };
  if (dtype.startsWith('complex')) return kinds;
  kinds[`REST rows ${dtype}`] = (random) => predictJson(dtype, 'instances', drawn(dtype, random));
  kinds[`REST columns ${dtype}`] = (random) => predictJson(dtype, 'inputs', drawn(dtype, random));
  kinds[`infer JSON ${dtype}`] = (random) => {
    const value = drawn(dtype, random);
    const data = dtype === 'string' ? '["a","b"]' : tensorJson({ ...value, shape: [value.values.length] });
    const body = `{"parameters":{"signature_name":"${dtype}"},"inputs":[{"name":"${dtype}","datatype":"${infer.datatype}","shape":[${value.shape.join()}],"data":${data}}]}`;
    return rest('/v2/models/echo/infer', body);
  };
  return kinds;
}

function predictJson(dtype: DType, key: 'instances' | 'inputs', value: TensorValue): ValidRequest {
  return rest('/v1/models/echo:predict', `{"signature_name":"${dtype}","${key}":${tensorJson(value)}}`);
}

function binaryInfer(dtype: DType, value: TensorValue): ValidRequest {
  const raw = Buffer.from(writeRaw(value));
  const input = {
    name: dtype,
    datatype: datatypeOf(dtype),
    shape: value.shape,
    parameters: { binary_data_size: raw.length },
  };
  const json = JSON.stringify({ parameters: { signature_name: dtype, binary_data_output: true }, inputs: [input] });
  const headers = { 'Inference-Header-Content-Length': String(json.length) };
  return rest('/v2/models/echo/infer', Buffer.concat([Buffer.from(json), raw]), headers);
}

function formOf(content: Buffer): ValidRequest {
  const head = Buffer.from('--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n');
  const body = Buffer.concat([head, content, Buffer.from('\r\n--x--\r\n')]);
  return rest('/v1/models/LenetModel:classify-image', body, { 'Content-Type': 'multipart/form-data; boundary=x' });
}

const examples: Readonly<Record<string, MakeRequest>> = {
  'REST classify': () =>
    rest(
        '/v1/models/LenetModel:classify',
        '{"signature_name":"serving_classify","examples":[{"image/encoded":{"b64":"iVBORw0KGgo="}}],"context":{"a":1.5}}',
      ),
  'gRPC classify': () => {
    const feature = { 'image/encoded': { kind: { case: 'bytesList' as const, value: { value: [Buffer.from('iVBORw0KGgo=', 'base64')] } } } };
    const input = { kind: { case: 'exampleList' as const, value: { examples: [{ features: { feature } }] } } };
    const message = create(ClassificationRequestSchema, { modelSpec: { name: 'LenetModel', signatureName: 'serving_classify' }, input });
    return overGrpc(grpcPath(PredictionService.method.classify), toBinary(ClassificationRequestSchema, message));
  },
}; // prettier-ignore

const questions: Readonly<Record<string, MakeRequest>> = {
  'gRPC metadata': () => {
    const message = create(GetModelMetadataRequestSchema, { modelSpec: { name: 'echo' }, metadataField: ['signature_def'] });
    return overGrpc(grpcPath(PredictionService.method.getModelMetadata), toBinary(GetModelMetadataRequestSchema, message));
  },
  'gRPC status': () => {
    const message = create(GetModelStatusRequestSchema, { modelSpec: { name: 'echo' } });
    return overGrpc(grpcPath(ModelService.method.getModelStatus), toBinary(GetModelStatusRequestSchema, message));
  },
}; // prettier-ignore

/** The server's `--cors-origin`. */
export const allowedOrigin = 'https://app.example';

/** What a browser asks before a page of another origin may send a request. */
function preflight(path: string, headers: Readonly<Record<string, string>>): MakeRequest {
  const common = { Origin: allowedOrigin, 'Access-Control-Request-Method': 'POST' };
  return () => ({ ...rest(path, '', { ...common, ...headers }), method: 'OPTIONS' });
}

const preflights: Readonly<Record<string, MakeRequest>> = {
  'preflight predict': preflight('/v1/models/LenetModel:predict', {
    'Access-Control-Request-Headers': 'authorization,content-type',
  }),
  'preflight infer': preflight('/v2/models/echo/infer', {
    'Access-Control-Request-Headers': 'content-type,inference-header-content-length',
  }),
  'preflight private network': preflight('/v1/models/LenetModel:classify-image', {
    'Access-Control-Request-Private-Network': 'true',
  }),
};
