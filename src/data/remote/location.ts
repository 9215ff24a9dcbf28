import path from 'node:path';

import { isSafeAddress } from '../../files/fetch-following.js';
import { printable } from '../../text/printable.js';

const schemes = /^(?:https?|s3|gs):\/\//;
const web = /^https?:\/\//;

/** Whether a data set, or a file of one, is not on this machine: `https://`, `s3://` or `gs://`. */
export function isRemote(location: string): boolean {
  return schemes.test(location);
}

/** Whether a location is an address of a web server: `https://`, or `http://`. */
export function isWeb(location: string): boolean {
  return web.test(location);
}

/** Whether a location may be read: with HTTP, anybody on the way could change the data, except on this machine. */
export function isSafeLocation(location: string): boolean {
  return !isWeb(location) || (URL.canParse(location) && isSafeAddress(new URL(location)));
}

/** Adds a name, or a path of names, to a folder; `path.join` would remove a slash from `s3://`. */
export function joinLocation(folder: string, name: string): string {
  if (!isRemote(folder)) return path.join(folder, name);
  const { address, query } = partsOf(folder);
  return `${address.endsWith('/') ? address : `${address}/`}${name.replaceAll(path.sep, '/')}${query}`;
}

/** The absolute path of a file of this machine; a remote location is returned unchanged. */
export function resolveLocation(location: string): string {
  return isRemote(location) ? location : path.resolve(location);
}

/** Divides a location into its folder and its last name; the query of an `https://` address stays with the folder. */
export function splitLocation(location: string): { folder: string; name: string } {
  const { address, query } = partsOf(location);
  const end = address.lastIndexOf('/');
  return { folder: `${address.slice(0, end + 1)}${query}`, name: address.slice(end + 1) };
}

/** A location that may be shown: its query may hold a signature, and what is before `@` a password, which are secrets. */
export function withoutQuery(location: string): string {
  const { address } = partsOf(location);
  return isWeb(location) ? address.replace(/^(https?:\/\/)[^/]*@/, '$1') : address;
}

/** A location as messages show it. */
export function shownLocation(location: string): string {
  return printable(withoutQuery(location));
}

/** Only web addresses have a query, such as a signature; a `?` at `s3://` or `gs://` is part of a pattern or a name. */
function partsOf(location: string): { address: string; query: string } {
  const at = isWeb(location) ? location.indexOf('?') : -1;
  return at === -1 ? { address: location, query: '' } : { address: location.slice(0, at), query: location.slice(at) };
}
