import path from 'node:path';

import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { stringBytes } from '../../../src/ops/strings.js';
import { tensorValueOf, toTensorProto } from '../../../src/saved-model/read/tensor-proto-value.js';
import { createGrpcServer, type GrpcServer } from '../../../src/serving/grpc/create-grpc-server.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import type { RequestEvent } from '../../../src/serving/request-event.js';
import { ExampleSchema } from '../../../src/tensorflow/protos/tensorflow/core/example/example_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { SignatureDefMapSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/get_model_metadata_pb.js';
import { ModelService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { PredictionService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { RawGrpcClient } from '../../helpers/servers/grpc-client.js';
import { serializedExamples } from '../../helpers/data/serialized-examples.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const { predict, classify, regress, multiInference, getModelMetadata } = PredictionService.method;
const { getModelStatus, handleReloadConfigRequest } = ModelService.method;
const classNames = ['ape', 'bee', 'cat', 'dog'];
const events: RequestEvent[] = [];

let models: LocalModelServer;
let server: GrpcServer;
let contentServer: GrpcServer;
let client: RawGrpcClient;
let contentClient: RawGrpcClient;
let images: Uint8Array[];
let pixels: TensorValue;

beforeAll(async () => {
  const directory = path.join(await temporaryFolderForAll(), '3');
  await new LenetModel({ classNames, seed: 5 }).save(directory);
  models = await LocalModelServer.load(directory, 'lenet', 3);
  server = createGrpcServer(models, { onRequest: (event) => events.push(event) });
  contentServer = createGrpcServer(models, { tensorContent: true });
  client = new RawGrpcClient(await server.start('127.0.0.1', 0));
  contentClient = new RawGrpcClient(await contentServer.start('127.0.0.1', 0));
  images = await encodedImages();
  const values = Float32Array.from({ length: 2 * 30 * 31 * 3 }, (_, i) => (i * 7) % 256);
  pixels = { dtype: 'float32', shape: [2, 30, 31, 3], values };
});
afterAll(async () => {
  client.close();
  contentClient.close();
  await Promise.all([server.drain(), contentServer.drain()]);
  models.dispose();
});

const modelSpec = { name: 'lenet' };
const uint8 = (value: TensorValue): TensorValue => ({
  dtype: 'uint8',
  shape: value.shape,
  values: Uint8Array.from(value.values as Float32Array),
});
const inputsOf: Readonly<Record<string, () => Record<string, TensorValue>>> = {
  serving_default: () => ({ input_tensor: pixels }),
  serving_bytes: () => ({ image_bytes_string: { dtype: 'string', shape: [images.length], values: images } }),
  serving_labels: () => ({ image_bytes_string: { dtype: 'string', shape: [images.length], values: images } }),
  serving_uint8: () => ({ examples: uint8(pixels) }),
  serving_embedding: () => ({ image_bytes_string: { dtype: 'string', shape: [], values: images.slice(0, 1) } }),
};
const examples = () =>
  stringBytes(serializedExamples(images.map((image) => ({ 'image/encoded': image })))).map((bytes) =>
    fromBinary(ExampleSchema, bytes),
  );

describe('Predict', () => {
  it.each(Object.keys(inputsOf).flatMap((key) => [true, false].map((asContent) => [key, asContent] as const)))(
    'answers %s as the model itself (tensor_content: %s)',
    async (signatureName, asContent) => {
      const inputs = inputsOf[signatureName]?.() ?? {};
      const expected = await models.predict({ spec: modelSpec, signatureName, inputs });
      const protos = Object.fromEntries(
        Object.entries(inputs).map(([name, value]) => [name, toTensorProto(value, { asContent })]),
      );
      const request = { modelSpec: { ...modelSpec, signatureName }, inputs: protos };
      const { outputs, modelSpec: answered } = await (asContent ? contentClient : client).answer(predict, request);
      expect(Object.keys(outputs).sort()).toEqual(Object.keys(expected.outputs).sort());
      for (const [name, proto] of Object.entries(outputs)) {
        const value = tensorValueOf(proto);
        expect({ ...value, values: Array.from(value.values as Uint8Array[], hex) }).toEqual({
          ...expected.outputs[name],
          values: Array.from((expected.outputs[name]?.values ?? []) as Uint8Array[], hex),
        });
        expect(proto.tensorContent.length > 0).toBe(asContent && value.dtype !== 'string');
      }
      expect(answered).toMatchObject({
        ...{ name: 'lenet', signatureName, versionChoice: { case: 'version', value: { value: 3n } } },
      });
    },
  );

  it('fills in serving_default, takes a version, and gives the outputs that are asked for', async () => {
    const version = { case: 'version', value: { value: 3n } } as const;
    const inputs = { input_tensor: toTensorProto(pixels) };
    const request = { modelSpec: { ...modelSpec, versionChoice: version }, inputs, outputFilter: ['output_0'] };
    const { outputs, modelSpec: answered } = await client.answer(predict, request);
    expect(Object.keys(outputs)).toEqual(['output_0']);
    expect(answered?.signatureName).toBe('serving_default');
  });

  it('carries 10 MB', async () => {
    const large: TensorValue = { dtype: 'float32', shape: [1, 900, 900, 3], values: new Float32Array(900 * 900 * 3).fill(9) };
    const { outputs } = await client.answer(predict, { modelSpec, inputs: { input_tensor: toTensorProto(large, { asContent: true }) } });
    expect(outputs.output_0?.floatVal).toHaveLength(4);
  }); // prettier-ignore

  it('tells the access log what happened', async () => {
    events.length = 0;
    await client.answer(predict, { modelSpec, inputs: { input_tensor: toTensorProto(pixels) } });
    await client.call(predict, { modelSpec: { name: 'nobody' } });
    expect(events).toMatchObject([
      { api: 'grpc', method: 'Predict', model: 'lenet', version: 3, signature: 'serving_default', status: 'OK' },
      { api: 'grpc', method: 'Predict', model: 'nobody', status: 'NOT_FOUND', responseBytes: 0 },
    ]);
    expect(events[0]?.requestBytes).toBeGreaterThan(2 * 30 * 31 * 3 * 4);
    expect(events[0]?.responseBytes).toBeGreaterThan(32);
  });
});

describe('Classify', () => {
  const spec = { ...modelSpec, signatureName: 'serving_classify' };

  it('gives classes and scores of every example', async () => {
    const request = {
      modelSpec: spec,
      input: { kind: { case: 'exampleList', value: { examples: examples() } } },
    } as const;
    const { result, modelSpec: answered } = await client.answer(classify, request);
    const { outputs } = await models.predict({
      spec: modelSpec,
      signatureName: 'serving_classify',
      inputs: {
        inputs: {
          dtype: 'string',
          shape: [images.length],
          values: examples().map((each) => toBinary(ExampleSchema, each)),
        },
      },
    });
    expect(result?.classifications.flatMap(({ classes }) => classes.map(({ score }) => score))).toEqual(
      Array.from(outputs.scores?.values as Float32Array),
    );
    expect(result?.classifications).toHaveLength(images.length);
    expect(result?.classifications[0]?.classes.map(({ label }) => label).toSorted()).toEqual(classNames);
    expect(answered).toMatchObject({ signatureName: 'serving_classify', versionChoice: { value: { value: 3n } } });
  });

  it('merges the context into every example', async () => {
    const [first, ...rest] = examples();
    const [own] = rest;
    if (!first || !own) throw new Error('There are examples.');
    const value = { examples: [{}, own], context: first };
    const request = { modelSpec: spec, input: { kind: { case: 'exampleListWithContext', value } } } as const;
    const plainValue = { examples: [first, own] };
    const plain = { modelSpec: spec, input: { kind: { case: 'exampleList' as const, value: plainValue } } };
    expect((await client.answer(classify, request)).result).toEqual((await client.answer(classify, plain)).result);
  });

  it('is one of the tasks of MultiInference', async () => {
    const input = { kind: { case: 'exampleList', value: { examples: examples() } } } as const;
    const task = { modelSpec: spec, methodName: 'tensorflow/serving/classify' };
    const { results } = await client.answer(multiInference, { tasks: [task], input });
    const { result } = await client.answer(classify, { modelSpec: spec, input });
    expect(results).toMatchObject([{ result: { case: 'classificationResult', value: result }, modelSpec: { signatureName: 'serving_classify' } }]);
  }); // prettier-ignore

  it.each([
    [{ modelSpec: spec }, 'Input is empty.'],
    [{}, 'Missing ModelSpec'],
    [{ modelSpec: {} }, 'ModelSpec has no name specified.'],
    [{ modelSpec }, 'Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict'],
    [{ modelSpec: { ...modelSpec, signatureName: 'x' } }, 'No signature was found with the name: x'],
  ])('refuses %j', async (request, details) => {
    expect(await client.call(classify, request)).toMatchObject({ code: 3, details });
  }); // prettier-ignore

  it('is not Regress', async () => {
    const { code, details } = await client.call(regress, { modelSpec: spec });
    expect([code, details]).toEqual([3, 'Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify']);
  }); // prettier-ignore
});

describe('MultiInference', () => {
  const classifyName = 'tensorflow/serving/classify';
  const spec = { ...modelSpec, signatureName: 'serving_classify' };

  it.each([
    [{}, 3, 'ModelSpec has no name specified.'],
    [{ tasks: [{ modelSpec: {} }] }, 3, 'ModelSpec has no name specified.'],
    [{ tasks: [{ modelSpec: spec, methodName: classifyName }, {}] }, 3, 'Found ModelSpec with an empty model name.'],
    [{ tasks: [{ modelSpec: spec, methodName: classifyName }, { modelSpec: { name: 'x' } }] }, 3, 'All ModelSpecs in a MultiInferenceRequest must access the same model name.'],
    [{ tasks: [{ modelSpec: spec, methodName: classifyName }, { modelSpec: spec, methodName: classifyName }] }, 3, 'Duplicate evaluation of signature: serving_classify'],
    [{ tasks: [{ modelSpec: { ...modelSpec, signatureName: 'x' } }] }, 3, 'Requested signature not found in model graph: x'],
    [{ tasks: [{ modelSpec: spec, methodName: 'tensorflow/serving/predict' }] }, 12, 'Unsupported signature method_name: tensorflow/serving/predict'],
    [{ tasks: [{ modelSpec: spec, methodName: classifyName }] }, 3, 'Input is empty.'],
  ])('refuses %j', async (request, code, details) => {
    expect(await client.call(multiInference, request)).toMatchObject({ code, details });
  }); // prettier-ignore
});

describe('GetModelMetadata', () => {
  it('gives the signatures', async () => {
    const request = { modelSpec, metadataField: ['signature_def'] };
    const { metadata, modelSpec: answered } = await client.answer(getModelMetadata, request);
    expect(answered).toMatchObject({ name: 'lenet', versionChoice: { value: { value: 3n } }, signatureName: '' });
    const any = metadata.signature_def;
    expect(any?.typeUrl).toBe('type.googleapis.com/tensorflow.serving.SignatureDefMap');
    const map = any && anyUnpack(any, SignatureDefMapSchema);
    expect(Object.keys(map?.signatureDef ?? {})).toContain('serving_base64');
    expect(map?.signatureDef.serving_default).toMatchObject({
      methodName: 'tensorflow/serving/predict',
      inputs: {
        input_tensor: {
          encoding: { case: 'name', value: 'serving_default_input_tensor:0' },
          dtype: DataType.DT_FLOAT,
          tensorShape: { unknownRank: false, dim: [{ size: -1n }, { size: -1n }, { size: -1n }, { size: 3n }] },
        },
      },
      outputs: { output_0: { tensorShape: { dim: [{ size: -1n }, { size: 4n }] } } },
    });
  });

  it.each([
    [{}, 'Missing ModelSpec'],
    [{ modelSpec }, 'GetModelMetadataRequest must specify at least one metadata_field'],
    [{ modelSpec, metadataField: ['x'] }, 'Metadata field x is not supported'],
  ])('refuses %j', async (request, details) => {
    expect(await client.call(getModelMetadata, request)).toMatchObject({ code: 3, details });
  });
});

describe('ModelService', () => {
  it('tells the states of versions', async () => {
    const { modelVersionStatus } = await client.answer(getModelStatus, { modelSpec });
    expect(modelVersionStatus).toMatchObject([{ version: 3n, state: 30, status: { errorCode: 0, errorMessage: '' } }]);
  });

  it.each([
    [{ modelSpec: { name: 'foo' } }, 5, 'Could not find any versions of model foo'],
    [{ modelSpec: { ...modelSpec, versionChoice: { case: 'version', value: { value: 99n } } } } as const, 5, 'Could not find version 99 of model lenet'],
    [{}, 3, 'Missing ModelSpec'],
  ])('refuses the status of %o', async (request, code, details) => {
    expect(await client.call(getModelStatus, request)).toMatchObject({ code, details });
  }); // prettier-ignore

  it('reloads no configuration where there is none', async () => {
    const text =
      'ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported';
    expect(await client.call(handleReloadConfigRequest, {})).toMatchObject({ code: 3, details: text });
    const config = { config: { case: 'modelConfigList' as const, value: { config: [] } } };
    expect(await client.call(handleReloadConfigRequest, { config })).toMatchObject({ code: 12 });
  });
});

/** Bytes as they can be compared, numbers as they are. */
function hex(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}
