import type { AddressInfo, Server } from 'node:net';

import { SignetError } from '../../errors.js';
import { removeStaleSocket } from '../limits/remove-stale-socket.js';

/**
 * Listens on a port.
 *
 * @param name What listens, for the message.
 * @returns The port; if 0 was requested, the one that was chosen.
 * @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
 */
export function listen(server: Server, host: string, port: number, name = 'REST'): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(cannotListen(error, `${name} cannot listen on ${host}:${port}`)),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/**
 * Listens on a UNIX socket; one that a server has left behind is replaced.
 *
 * @throws SignetError `INVALID_ARGUMENT` when nothing can listen there.
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await removeStaleSocket(path, 'REST');
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) =>
      reject(new SignetError('INVALID_ARGUMENT', `REST cannot listen on ${path}: ${message}.`)),
    );
    server.listen(path, resolve);
  });
}

function cannotListen(error: NodeJS.ErrnoException, what: string): SignetError {
  const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
  const message = `${what}: ${why}. Give another port or host.`;
  return new SignetError('INVALID_ARGUMENT', message, { cause: error });
}
