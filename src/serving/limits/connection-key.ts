import type { Socket } from 'node:net';

/** Connections over a UNIX socket have no address: they get a number. */
const numberKey = Symbol('number of a connection');
let latest = 0;

type Numbered = Pick<Socket, 'remoteAddress' | 'remotePort'> & { [numberKey]?: number };

/**
 * A key that distinguishes connections, whichever object represents one: with TLS, and in HTTP/2, requests come over a different object from the one
 * that the connection was made with.
 */
export function connectionKey(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  const { remoteAddress, remotePort } = socket;
  if (remotePort !== undefined) return `${remoteAddress} ${remotePort}`;
  const numbered: Numbered = socket;
  return `unix ${(numbered[numberKey] ??= ++latest)}`;
}
