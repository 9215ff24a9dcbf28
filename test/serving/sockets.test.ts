import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';

import { expect, it } from 'vitest';

import { startServer } from '../../src/serving/start-server.js';
import { echoGraph, writeGraphs } from '../helpers/models/write-graph.js';
import { RawGrpcClient } from '../helpers/servers/grpc-client.js';
import { PredictionService } from '../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';
import { ModelService } from '../../src/tensorflow/protos/tensorflow_serving/apis/model_service_pb.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** What `curl --unix-socket` does. */
function getOverSocket(socketPath: string, url: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: url, headers: { Host: 'signet' }, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });
}

it('answers over UNIX sockets too, several connections at once, and leaves none behind', async () => {
  const folder = await temporaryFolder();
  await writeGraphs(path.join(folder, 'models', 'echo', '1'), [echoGraph(['float32'])]);
  const [restSocketPath, grpcSocketPath] = [path.join(folder, 'rest.sock'), path.join(folder, 'grpc.sock')];
  const common = { modelFolder: path.join(folder, 'models'), restPort: 0, grpcPort: 0, pollSeconds: 0, drainMilliseconds: 1000 };
  const start = () => startServer({ ...common, restSocketPath, grpcSocketPath }, '1.2.3');
  // What a server that was killed has left.
  const killed = createServer().listen(restSocketPath);
  await new Promise((resolve) => killed.once('listening', resolve));
  await expect(start()).rejects.toThrow(`REST cannot listen on ${restSocketPath}: another program listens there. Give another path.`);
  killed.close();
  const server = await start();
  const answers = await Promise.all([1, 2, 3].map(() => getOverSocket(restSocketPath, '/v1/models/echo')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  const clients = [1, 2].map(() => new RawGrpcClient(`unix:${grpcSocketPath}`));
  for (const client of clients) {
    const { code, response } = await client.call(ModelService.method.getModelStatus, { modelSpec: { name: 'echo' } });
    expect([code, response?.modelVersionStatus.length]).toEqual([0, 1]);
    const value = { dtype: 1, tensorShape: { dim: [{ size: 1n }] }, floatVal: [1.5] };
    const predicted = await client.call(PredictionService.method.predict, { modelSpec: { name: 'echo' }, inputs: { float32: value } });
    expect(predicted.response?.outputs.float32?.floatVal).toEqual([1.5]);
  }
  for (const { client } of clients) client.close();
  await server.drain();
  await expect(getOverSocket(restSocketPath, '/')).rejects.toThrow('ENOENT');
  await writeFile(grpcSocketPath, 'notes');
  await expect(start()).rejects.toThrow(`gRPC cannot listen on ${grpcSocketPath}: there is a file that is not a socket. Give another path.`);
}); // prettier-ignore
