import { open } from 'node:fs/promises';

import { SignetError } from '../../errors.js';

/** The names of ImageNet's 21,841 classes take 0.6 MB. */
const mostBytes = 4_000_000;

/**
 * Reads class names from a text file in UTF-8: one name per line, in the order of the model's outputs. Names may repeat, as in ImageNet.
 *
 * @throws SignetError `INVALID_LABELS` that names the line.
 */
export async function readLabelsFile(file: string): Promise<string[]> {
  const lines = decoded(file, await readBytes(file)).split(/\r?\n/);
  if (lines.at(-1)?.trim() === '') lines.pop();
  const names = lines.map((line) => line.trim());
  const wrong = names.findIndex((name) => name === '' || /\p{Cc}/u.test(name));
  if (wrong !== -1) {
    const what = names[wrong] === '' ? 'is empty' : 'has control characters';
    throw invalidLabels(file, `line ${wrong + 1} ${what}`);
  }
  if (names.length < 2) throw invalidLabels(file, `it has ${names.length === 0 ? 'no name' : 'one name'}`);
  return names;
}

async function readBytes(file: string): Promise<Uint8Array> {
  const handle = await open(file).catch((error: unknown) => {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw invalidLabels(file, isMissing ? 'it does not exist' : `it cannot be opened: ${String(error)}`, error);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalidLabels(file, 'it is not a file');
    if (stat.size > mostBytes) throw invalidLabels(file, `it has ${stat.size} bytes, and ${mostBytes} are the most`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function decoded(file: string, bytes: Uint8Array): string {
  try {
    // A byte order mark at the beginning is left out.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw invalidLabels(file, 'it is not text in UTF-8', error);
  }
}

function invalidLabels(file: string, what: string, cause?: unknown): SignetError {
  return new SignetError(
    'INVALID_LABELS',
    `The labels file ${file} cannot be used: ${what}. Give a text file in UTF-8 with at least two lines: the classes' names, one per line, ` +
      "in the order of the model's outputs.",
    { cause },
  );
}
