import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';

import { SignetError } from '../../errors.js';

/**
 * Removes the socket that a server which was killed has left behind, so that another can listen there.
 *
 * @param what Name of what will listen, for messages.
 * @throws SignetError `INVALID_ARGUMENT` for a file of another kind, and for a socket that a program still uses.
 */
export async function removeStaleSocket(path: string, what: string): Promise<void> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return;
  const refuse = (why: string): never => {
    throw new SignetError('INVALID_ARGUMENT', `${what} cannot listen on ${path}: ${why} Give another path.`);
  };
  if (!stats.isSocket()) refuse('there is a file that is not a socket.');
  if (await isAnswered(path)) refuse('another program listens there.');
  await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
