import { readFile, rm, stat, writeFile } from 'node:fs/promises';

/** What earlier runs have left of a file. */
export interface BegunDownload {
  readonly address: string;
  /** The server's word for this version of the file: an ETag, or when it was modified. */
  readonly validator: string;
  readonly bytes: number;
}

/** What there is of a file; `null` when nothing is that can be gone on with. */
export async function readBegun(part: string, address: string): Promise<BegunDownload | null> {
  const bytes = await sizeOf(part);
  const text = await readFile(`${part}.json`, 'utf8').catch(() => '{}');
  try {
    const { address: of, validator } = JSON.parse(text) as Record<string, unknown>;
    if (bytes === 0 || of !== address || typeof validator !== 'string') return null;
    return { address, validator, bytes };
  } catch {
    return null;
  }
}

/** Notes of what the bytes to come are a part, if the server can tell that file from a later one. */
export async function noteBegun(part: string, address: string, headers: Headers): Promise<void> {
  await rm(`${part}.json`, { force: true });
  const etag = headers.get('etag');
  // A weak ETag says that the file means the same, not that it has the same bytes.
  const validator = etag?.startsWith('W/') === false ? etag : headers.get('last-modified');
  if (validator !== null) await writeFile(`${part}.json`, JSON.stringify({ address, validator }));
}

/** Forgets what has come so far. */
export async function discardPart(part: string): Promise<void> {
  await rm(`${part}.json`, { force: true });
  await rm(part, { force: true });
}

/** A file's size in bytes; 0 where there is none. */
export async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
