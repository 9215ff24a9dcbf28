import type { AddressInfo, Server } from 'node:net';

import { SignetError } from '../../errors.js';

/** @returns The port. @throws SignetError `INVALID_ARGUMENT` when nothing can listen there. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): SignetError {
  const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  const message = `REST cannot listen on ${host}:${port}: ${why}. Give another port or host.`;
  return new SignetError('INVALID_ARGUMENT', message, { cause: error });
}
