import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { pythonFolder } from '../../test/helpers/python/python.js';
import { startLineProcess } from '../line-process.js';

/** The client that users of TensorFlow Serving have. */
export interface OfficialClient {
  /** Median latency of a number of calls, in milliseconds. */
  readonly medianOf: (calls: number) => Promise<number>;
  readonly end: () => void;
}

/** Starts the official Python client, which calls the model of the bench over gRPC. */
export function startOfficialClient(grpcPort: number, image: string): OfficialClient {
  const script = fileURLToPath(new URL('./grpc_client.py', import.meta.url));
  const python = path.join(pythonFolder, 'bin', 'python');
  const { ask, end } = startLineProcess(python, [script, String(grpcPort), image]);
  return { medianOf: async (calls) => Number(await ask(String(calls))), end };
}
