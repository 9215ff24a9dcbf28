import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { startServer } from '../../src/serving/start-server.js';
import { echoGraph, writeGraphs } from '../helpers/models/write-graph.js';
import { hasPython, runPython, tritonFolder } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Triton's clients as its documentation uses them: with their defaults, every type that numpy has, and what they make of errors. */
const script = `
import json, sys
import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
given = json.load(sys.stdin)
numbers = dict(float32='FP32', float64='FP64', float16='FP16', int8='INT8', int16='INT16', int32='INT32', int64='INT64',
               uint8='UINT8', uint16='UINT16', uint32='UINT32', uint64='UINT64', bool='BOOL')
answer = {}
for name, triton, port in [('http', triton_http, given['http']), ('grpc', triton_grpc, given['grpc'])]:
    client = triton.InferenceServerClient('127.0.0.1:%d' % port)
    found = answer[name] = {'states': [client.is_server_live(), client.is_server_ready(), client.is_model_ready('echo'), client.is_model_ready('nobody')]}
    metadata = client.get_model_metadata('echo')
    inputs = metadata['inputs'] if name == 'http' else [{'name': i.name, 'datatype': i.datatype} for i in metadata.inputs]
    found['metadata'] = {i['name']: i['datatype'] for i in inputs}
    def ask(signature, datatype, x, **more):
        tensor = triton.InferInput(signature, list(x.shape), datatype)
        tensor.set_data_from_numpy(x)
        return client.infer('echo', [tensor], parameters={'signature_name': signature}, **more).as_numpy(signature)
    found['differ'] = []
    for dtype, datatype in numbers.items():
        x = np.array([[0, 1, 2], [3, 4, 100]]).astype(dtype)
        y = ask(dtype, datatype, x)
        if y.dtype != x.dtype or not (y == x).all(): found['differ'].append(dtype)
    words = np.array(['ape'.encode(), b'\\xff\\x00', b''], dtype=object)
    found['words'] = [bytes(word).hex() for word in ask('string', 'BYTES', words)]
    found['large'] = bool((ask('float32', 'FP32', np.arange(3e5, dtype=np.float32)) == np.arange(3e5, dtype=np.float32)).all())
    found['chosen'] = ask('int32', 'INT32', np.array([7], np.int32), outputs=[triton.InferRequestedOutput('int32')]).tolist()
    try:
        ask('float32', 'FP64', np.array([1.0]))
    except Exception as error:
        found['error'] = str(error)
    try:
        client.infer('echo', [triton.InferInput('x', [1], 'FP32').set_data_from_numpy(np.zeros(1, np.float32))])
    except Exception as error:
        found['names'] = str(error)
client = triton_http.InferenceServerClient('127.0.0.1:%d' % given['http'])
tensor = triton_http.InferInput('float32', [2], 'FP32')
tensor.set_data_from_numpy(np.array([1.5, -2], np.float32), binary_data=False)
wanted = [triton_http.InferRequestedOutput('float32', binary_data=False)]
answer['json'] = client.infer('echo', [tensor], outputs=wanted, parameters={'signature_name': 'float32'}).as_numpy('float32').tolist()
print(json.dumps(answer))
`;

describe.skipIf(!hasPython())('tritonclient', () => {
  it('works with its defaults over HTTP and gRPC', async () => {
    const folder = await temporaryFolder();
    const dtypes = ['float32', 'float64', 'float16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'bool', 'string'] as const; // prettier-ignore
    await writeGraphs(path.join(folder, 'echo', '1'), [echoGraph(dtypes)]);
    const server = await startServer({ modelFolder: folder, restPort: 0, grpcPort: 0, pollSeconds: 0 }, '1.2.3');
    onTestFinished(() => server.drain());
    const ports = { http: server.restPort, grpc: server.grpcPort };
    const answer = (await runPython(script, ports, path.join(tritonFolder, 'bin', 'python'))) as Record<'http' | 'grpc', object>;
    const common = {
      states: [true, true, true, false],
      metadata: expect.objectContaining({ float16: 'FP16', string: 'BYTES', uint64: 'UINT64' }) as unknown,
      differ: [],
      words: ['617065', 'ff00', ''],
      large: true,
      chosen: [7],
    };
    expect(answer).toEqual({
      http: {
        ...common,
        error: '[400] The input "float32" is FP32. Received: FP64.',
        names: expect.stringContaining('There is no input "x".') as string,
      },
      grpc: {
        ...common,
        error: '[StatusCode.INVALID_ARGUMENT] The input "float32" accepts float32[...]. Received: float64[1]. Send float32: in Python, x.astype(np.float32).',
        names: expect.stringContaining('The parameter "signature_name" chooses another signature: ') as string,
      },
      json: [1.5, -2],
    });
  });
}); // prettier-ignore
