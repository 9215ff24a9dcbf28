import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether an address, or the name `localhost`, refers to this machine only. A name such as `127.evil.example` is not. */
export function isLoopback(host: string): boolean {
  // A URL has brackets around an IPv6 address.
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(address);
  return version === 0 ? host.toLowerCase() === 'localhost' : loopback.check(address, version === 6 ? 'ipv6' : 'ipv4');
}
