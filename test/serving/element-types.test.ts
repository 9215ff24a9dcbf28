import path from 'node:path';

import type { DescMethod, MessageInitShape } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SignetClient } from '../../src/client/signet-client.js';
import { createRandom } from '../../src/data/dataset/random.js';
import { contentsField, datatypeOf } from '../../src/serving/inference/datatype.js';
import { writeRaw } from '../../src/serving/inference/raw-tensor.js';
import { type RunningServer, startServer } from '../../src/serving/start-server.js';
import type { StoreEvent } from '../../src/serving/store/store-event.js';
import { dataTypeOf, type DType, dtypes, numbersOf } from '../../src/tensorflow/data-type.js';
import {
  GRPCInferenceService,
  type ModelInferRequestSchema,
} from '../../src/tensorflow/protos/inference/open_inference_pb.js';
import { DataType } from '../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TensorValue } from '../../src/tensorflow/tensor-value.js';
import { drawValues } from '../helpers/data/draw-values.js';
import { echoGraph, tensorInfo, writeGraphs } from '../helpers/models/write-graph.js';
import { RawGrpcClient } from '../helpers/servers/grpc-client.js';
import { sendJson } from '../helpers/servers/http-client.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/*
 * Frozen graphs, served: no folder `variables`, written without Python. `echo` gives back what it takes, of every type that
 * crosses a signature: a signature per type, named like it, and `serving_default` of all together.
 */

let server: RunningServer;
const events: StoreEvent[] = [];
const carriedByJson = dtypes.filter((dtype) => !dtype.startsWith('complex'));

beforeAll(async () => {
  const modelFolder = await temporaryFolderForAll();
  await writeGraphs(path.join(modelFolder, 'echo', '1'), [echoGraph(dtypes)]);
  const odd = echoGraph(['float32', 'int32'], [-1, 2]);
  const resource = tensorInfo('in_int32', DataType.DT_RESOURCE);
  await writeGraphs(path.join(modelFolder, 'odd', '1'), [
    // Several graphs: the one with the tag `serve` alone is served, wherever it stands.
    { ...echoGraph(['bool']), metaInfoDef: { tags: ['serve', 'gpu'] } },
    {
      ...odd,
      signatureDef: {
        ...odd.signatureDef,
        takes: { inputs: { x: resource }, outputs: {} },
        gives: { inputs: { x: tensorInfo('in_float32', DataType.DT_FLOAT, [-1, 2]) }, outputs: { y: tensorInfo('out_float32', DataType.DT_FLOAT, [-1, 2]), z: resource } },
      },
    },
  ]); // prettier-ignore
  await writeGraphs(path.join(modelFolder, 'gpu', '1'), [
    { ...echoGraph(['bool']), metaInfoDef: { tags: ['serve', 'gpu'] } },
  ]);
  server = await startServer(
    { modelFolder, restPort: 0, grpcPort: 0, pollSeconds: 0, onStoreEvent: (event) => events.push(event) },
    '1.2.3',
  );
});
afterAll(() => server.drain());

const clientOf = (protocol: 'GRPC' | 'REST') =>
  new SignetClient({
    modelName: 'echo',
    protocol,
    host: '127.0.0.1',
    grpcPort: server.grpcPort,
    restPort: server.restPort,
  });
const post = (model: string, body: unknown) => sendJson(server.restPort, `/v1/models/${model}:predict`, body);
const comparable = ({ values, ...rest }: TensorValue) => ({
  ...rest,
  values: [...(values as Iterable<unknown>)].map(plain),
});
const plain = (value: unknown) => (value instanceof Uint8Array ? [...value] : value);

const random = createRandom(3);
const drawn = (dtype: DType, shape: readonly number[]): TensorValue => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype, shape, values: drawValues(dtype, count, random) };
};

describe('every type', () => {
  it.each(dtypes)('crosses gRPC: %s', async (dtype) => {
    const client = clientOf('GRPC');
    for (const shape of [[], [3], [2, 2], [0, 2]]) {
      const value = drawn(dtype, shape);
      const { outputs } = await client.predict({ [dtype]: value }, { signatureName: dtype });
      expect(comparable(outputs[dtype] ?? value)).toEqual(comparable(value));
    }
    client.close();
  });

  it.each(carriedByJson)('crosses REST: %s', async (dtype) => {
    const client = clientOf('REST');
    const value = drawn(dtype, [2, 3]);
    // Text of JSON is UTF-8.
    const given =
      dtype === 'string' ? { ...value, values: Array.from({ length: 6 }, (_, i) => Buffer.from(`é${i}`)) } : value;
    const { outputs } = await client.predict({ [dtype]: given }, { signatureName: dtype });
    expect(comparable(outputs[dtype] ?? given)).toEqual(comparable(given));
    client.close();
  });

  it.each(carriedByJson)('crosses the Open Inference Protocol: %s', async (dtype) => {
    const data = dtype === 'string' ? ['a', 'b'] : dtype === 'bool' ? [true, false] : [1, 2];
    const metadata = await sendJson(server.restPort, '/v2/models/echo');
    const { inputs } = metadata.json as { inputs: { name: string; datatype: string; shape: number[] }[] };
    const { datatype = '' } = inputs.find(({ name }) => name === dtype) ?? {};
    const body = { parameters: { signature_name: dtype }, inputs: [{ name: dtype, shape: [2], datatype, data }] };
    const answer = await sendJson(server.restPort, '/v2/models/echo/infer', body);
    expect(answer).toMatchObject({ status: 200, json: { outputs: [{ name: dtype, shape: [2], datatype, data }] } });
  });

  it.each(dtypes)('crosses the Open Inference Protocol over gRPC, and as raw bytes over HTTP: %s', async (dtype) => {
    const client = new RawGrpcClient(server.grpcPort);
    const value = drawn(dtype, [2, 2]);
    const shape = [2n, 2n];
    const parameters = { signature_name: { parameterChoice: { case: 'stringParam', value: dtype } } } as const;
    const datatype = datatypeOf(dtype);
    const raw = new Uint8Array(writeRaw(value));
    const asked = { modelName: 'echo', id: '7', parameters, inputs: [{ name: dtype, datatype, shape }] };
    const { modelInfer } = GRPCInferenceService.method;
    const byRaw = await client.answer(modelInfer, { ...asked, rawInputContents: [raw] });
    expect(byRaw).toMatchObject({ modelVersion: '1', id: '7', outputs: [{ name: dtype, datatype, shape }] });
    expect([...(byRaw.rawOutputContents[0] ?? [])]).toEqual([...raw]);
    const field = contentsField(dtype);
    if (field !== null) {
      const list = dtype === 'bool' ? Array.from(value.values as Uint8Array, Boolean) : value.values;
      const contents = { [field]: [...(list as Iterable<never>)] };
      const answer = await client.answer(modelInfer, { ...asked, inputs: [{ ...asked.inputs[0], contents }] });
      expect(answer.rawOutputContents).toEqual([]);
      const given = (answer.outputs[0]?.contents?.[field] ?? []) as unknown[];
      expect(given.map(plain)).toEqual((contents[field] ?? []).map(plain));
    }
    client.close();

    const json = JSON.stringify({
      parameters: { signature_name: dtype, binary_data_output: true },
      inputs: [{ name: dtype, datatype, shape: [2, 2], parameters: { binary_data_size: raw.length } }],
    });
    const response = await fetch(`http://127.0.0.1:${server.restPort}/v2/models/echo/infer`, {
      method: 'POST',
      headers: { 'Inference-Header-Content-Length': String(json.length) },
      body: Buffer.concat([Buffer.from(json), raw]),
    });
    const body = Buffer.from(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    expect(JSON.parse(body.toString('utf8', 0, length))).toMatchObject({
      outputs: [{ name: dtype, datatype, shape: [2, 2], parameters: { binary_data_size: raw.length } }],
    });
    expect([...body.subarray(length)]).toEqual([...raw]);
  });

  it('goes together with all others, and is batched', async () => {
    const client = clientOf('GRPC');
    const asked = Array.from({ length: 6 }, () =>
      Object.fromEntries(dtypes.map((dtype) => [dtype, drawn(dtype, [2, 2])])),
    );
    const answers = await Promise.all(asked.map((inputs) => client.predict(inputs)));
    answers.forEach(({ outputs }, i) => {
      for (const dtype of dtypes) {
        const value = asked[i]?.[dtype] ?? drawn(dtype, []);
        expect(comparable(outputs[dtype] ?? value)).toEqual(comparable(value));
      }
    });
    client.close();
  });

  it('stands in the metadata by TensorFlow\'s name', async () => {
    const { json } = await sendJson(server.restPort, '/v1/models/echo/metadata');
    const { metadata } = json as { metadata: { signature_def: { signature_def: Record<string, { inputs: Record<string, { dtype: string }> }> } } };
    const { serving_default } = metadata.signature_def.signature_def;
    const expected = dtypes.map((dtype) => [dtype, DataType[dataTypeOf(dtype)]]);
    expect(Object.entries(serving_default?.inputs ?? {}).map(([name, { dtype }]) => [name, dtype])).toEqual(expected);
    expect(numbersOf('complex64')).toBe(2);
  }); // prettier-ignore
});

describe('the Open Inference Protocol over gRPC', () => {
  const { serverLive, serverReady, serverMetadata, modelReady, modelMetadata, modelInfer } =
    GRPCInferenceService.method;
  const client = () => new RawGrpcClient(server.grpcPort);
  const resultOf = async <Desc extends DescMethod>(method: Desc, request: MessageInitShape<Desc['input']>) => {
    const asking = client();
    const { code, details } = await asking.call(method, request);
    asking.close();
    return [code, details];
  };

  it('tells of server and models', async () => {
    const asking = client();
    expect((await asking.answer(serverLive, {})).live).toBe(true);
    expect((await asking.answer(serverReady, {})).ready).toBe(true);
    expect(await asking.answer(serverMetadata, {})).toMatchObject({ name: 'signet', version: '1.2.3' });
    expect((await asking.answer(modelReady, { name: 'echo' })).ready).toBe(true);
    expect((await asking.answer(modelReady, { name: 'echo', version: '2' })).ready).toBe(false);
    expect((await asking.answer(modelReady, { name: 'nobody' })).ready).toBe(false);
    const odd = await asking.answer(modelMetadata, { name: 'odd', version: '1' });
    expect(odd).toMatchObject({ versions: ['1'], platform: 'tensorflow_savedmodel', inputs: [{ name: 'float32', datatype: 'FP32', shape: [-1n, 2n] }, { name: 'int32' }] });
    asking.close();
    const { json } = await sendJson(server.restPort, '/v2/models/odd');
    expect(Object.keys((json as { signatures: object }).signatures)).toEqual(['serving_default', 'float32', 'int32', 'takes', 'gives']);
  }); // prettier-ignore

  it.each<[string, MessageInitShape<typeof ModelInferRequestSchema>, number, string]>([
    ['a model', { modelName: 'nobody' }, 5, 'Servable not found for request: Latest(nobody)'],
    ['a version', { modelName: 'odd', modelVersion: 'x' }, 3, 'A version is a whole number. Received: "x".'],
    ['other inputs', { modelName: 'odd', inputs: [{ name: 'x' }] }, 3, 'input size does not match signature: 1!=2 len({x}) != len({float32,int32}). Sent extra: {x}. Missing but required: {float32,int32}. The parameter "signature_name" chooses another signature: float32, int32, takes, gives.'],
    ['a datatype', { inputs: [{ name: 'float32', datatype: 'FLOAT' }] }, 3, 'The input "float32" has the datatype "FLOAT", which the protocol does not have.'],
    ['another type', { inputs: [{ name: 'float32', datatype: 'FP64', shape: [1n, 2n], contents: { fp64Contents: [1, 2] } }] }, 3, 'The input "float32" accepts float32[?, 2]. Received: float64[1, 2]. Send float32: in Python, x.astype(np.float32).'],
    ['a negative size', { inputs: [{ name: 'float32', datatype: 'FP32', shape: [-1n, 2n] }] }, 3, 'The input "float32" has a dimension of size -1.'],
    ['too few contents', { inputs: [{ name: 'float32', datatype: 'FP32', shape: [2n, 2n], contents: { fp32Contents: [1] } }] }, 3, 'The input "float32" has 1 contents. Expected: 4 for its shape, in fp32_contents.'],
    ['too large a shape', { inputs: [{ name: 'float32', datatype: 'FP32', shape: [2n ** 40n, 0n] }] }, 8, 'The input "float32" of shape [1099511627776, 0] takes more memory than the server has for a request. Send fewer rows.'],
    ['half as contents', { inputs: [{ name: 'float32', datatype: 'FP16', shape: [1n] }] }, 3, 'The input "float32" is of a type that comes in raw_input_contents alone.'],
    ['raw bytes of another length', { inputs: [{ name: 'float32', datatype: 'FP32', shape: [1n, 2n] }], rawInputContents: [new Uint8Array(7)] }, 3, 'The input "float32" has 7 raw bytes. Expected: 8 for the 2 elements of its shape.'],
    ['raw bytes without an input', { inputs: [{ name: 'float32', datatype: 'FP32', shape: [1n, 2n] }], rawInputContents: [new Uint8Array(8), new Uint8Array(8)] }, 3, 'The request has 1 inputs and 2 raw_input_contents. Expected: one for each.'],
  ])('refuses %s', async (_, request, code, details) => {
    const parameters = { signature_name: { parameterChoice: { case: 'stringParam', value: 'float32' } } } as const;
    const asked = request.modelName === undefined ? { modelName: 'odd', parameters, ...request } : request;
    expect(await resultOf(modelInfer, asked)).toEqual([code, details]);
  }); // prettier-ignore
});

describe('what JSON does not carry', () => {
  it('is refused in TensorFlow Serving\'s words', async () => {
    expect(await post('echo', { signature_name: 'complex64', inputs: [1] })).toEqual({
      status: 501,
      json: { error: 'Conversion of JSON Value: 1 to type: complex64' },
    });
    expect(await post('echo', { signature_name: 'complex128', instances: [1] })).toEqual({
      status: 400,
      json: { error: "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of JSON Value: 1 to type: complex128" },
    });
    expect(await post('echo', { signature_name: 'complex64', inputs: [] })).toEqual({ status: 200, json: { outputs: [] } });
  }); // prettier-ignore
});

describe("numpy's float64", () => {
  it('is refused where float32 is meant, with the repair', async () => {
    const client = clientOf('GRPC');
    const value = { dtype: 'float64', shape: [1], values: Float64Array.of(1) } as const;
    await expect(client.predict({ float32: value }, { signatureName: 'float32' })).rejects.toThrow(
      'The input "float32" accepts float32[...]. Received: float64[1]. Send float32: in Python, x.astype(np.float32).',
    );
    client.close();
  });
});

describe('a graph without variables', () => {
  it('is served, by the tag "serve" alone or the only one there is', async () => {
    const rows = [[1, 2], [3, 4]]; // prettier-ignore
    expect(await post('odd', { signature_name: 'float32', instances: rows })).toEqual({ status: 200, json: { predictions: rows } });
    expect(await post('gpu', { inputs: [true] })).toEqual({ status: 200, json: { outputs: [true] } });
  }); // prettier-ignore

  it('says what its signatures have that no request carries', async () => {
    const warnings = events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
    expect(warnings).toEqual([
      'odd/1: the signature "takes" cannot be called: no request carries its x (resource).',
      'odd/1: the signature "gives" answers without z (resource), which no answer carries.',
    ]);
    const takes = 'The signature "takes" takes x (resource), which no request carries.';
    expect(await post('odd', { signature_name: 'takes', inputs: {} })).toEqual({ status: 501, json: { error: takes } });
    expect(await post('odd', { signature_name: 'gives', instances: [[1, 2]] })).toMatchObject({ json: { predictions: [[1, 2]] } });
  }); // prettier-ignore
});
