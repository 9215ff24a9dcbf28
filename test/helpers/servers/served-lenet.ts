import path from 'node:path';

import { onTestFinished } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { type RunningServer, type ServerOptions, startServer } from '../../../src/serving/start-server.js';
import { temporaryFolderForAll } from '../temporary-folder.js';
import { RawGrpcClient } from './grpc-client.js';
import './threads-given.js';

/** Saves a LenetModel of ten classes for the tests of a file. @returns The folder; the model is in its folder `models`. */
export async function folderWithLenet(): Promise<string> {
  const folder = await temporaryFolderForAll();
  const classNames = Array.from({ length: 10 }, (_, i) => String(i));
  await new LenetModel({ classNames, seed: 1 }).save(path.join(folder, 'models', 'LenetModel', '1'));
  return folder;
}

/** Starts a server of such a folder on free ports, which does not look for new versions. */
export function serveFolder(folder: string, options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const modelFolder = path.join(folder, 'models');
  return startServer(
    { modelFolder, restPort: 0, grpcPort: 0, pollSeconds: 0, drainMilliseconds: 500, ...options },
    '1',
  );
}

/** As `serveFolder`, until the end of the test. */
export async function serveFolderForTest(folder: string, options: Partial<ServerOptions>): Promise<RunningServer> {
  const started = await serveFolder(folder, options);
  onTestFinished(() => started.drain());
  return started;
}

/** Connects until the end of the test. */
export function grpcClientForTest(port: number, options = {}): RawGrpcClient {
  const client = new RawGrpcClient(port, options);
  onTestFinished(() => client.close());
  return client;
}

/** Measures the longest time that this thread, which is also the server's, could not answer, and the total time, in milliseconds. */
export async function pauseDuring(run: () => Promise<unknown>): Promise<{ pause: number; all: number }> {
  let pause = 0;
  const began = performance.now();
  let last = began;
  const timer = setInterval(() => {
    const now = performance.now();
    pause = Math.max(pause, now - last - 5);
    last = now;
  }, 5);
  await run();
  clearInterval(timer);
  const now = performance.now();
  return { pause: Math.max(pause, now - last - 5), all: now - began };
}
