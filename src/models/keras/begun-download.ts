import { rm, stat, writeFile } from 'node:fs/promises';

import * as v from 'valibot';

import { readJson } from '../../files/read-json.js';

/** The part of a file that earlier runs have downloaded. */
export interface BegunDownload {
  readonly address: string;
  /** The server's identifier of this version of the file: an ETag, or when it was modified. */
  readonly validator: string;
  readonly bytes: number;
}

/** Largest note in bytes: a note is two short strings. */
const mostBytes = 100_000;
const schema = v.object({ address: v.string(), validator: v.string() });

/** Reads the note on an unfinished download; null unless it can be resumed. */
export async function readBegun(part: string, address: string): Promise<BegunDownload | null> {
  const bytes = await sizeOf(part);
  // A damaged note counts as none: the download starts again.
  const note = await readJson(`${part}.json`, { mostBytes, schema }).catch(() => null);
  return bytes > 0 && note?.address === address ? { ...note, bytes } : null;
}

/** Records which file the next bytes belong to, if the server can distinguish that file from a later one. */
export async function noteBegun(part: string, address: string, headers: Headers): Promise<void> {
  await rm(`${part}.json`, { force: true });
  const etag = headers.get('etag');
  // A weak ETag says that files are equivalent, not that they have the same bytes.
  const validator = etag?.startsWith('W/') === false ? etag : headers.get('last-modified');
  if (validator !== null) await writeFile(`${part}.json`, JSON.stringify({ address, validator }));
}

/** Removes a part and its note. */
export async function discardPart(part: string): Promise<void> {
  await rm(`${part}.json`, { force: true });
  await rm(part, { force: true });
}

/** A file's size in bytes; 0 if it does not exist. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
