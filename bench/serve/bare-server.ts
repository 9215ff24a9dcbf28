import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A server of Node.js in its own process that answers `{}` to everything: how long it takes shows how long a process waits for a processor. */
export interface BareServer {
  readonly child: ChildProcess;
  readonly port: number;
}

export async function startBareServer(): Promise<BareServer> {
  const child = fork(fileURLToPath(import.meta.url), ['--bare-server'], { execArgv: ['--import', 'tsx'] });
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

if (process.argv.includes('--bare-server')) {
  const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')));
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}
