import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { SignetError, wordsOf } from '../../errors.js';

/**
 * The module of a file that a user has named.
 *
 * @param option Option that names it, for messages: `--model-type`.
 * @throws SignetError `INVALID_ARGUMENT` when there is no such file, or it cannot be imported.
 */
export async function importUserFile(file: string, option: string): Promise<Record<string, unknown>> {
  const invalid = (what: string, cause?: unknown) =>
    new SignetError('INVALID_ARGUMENT', `${option} names ${what}`, { cause });
  if (!existsSync(file)) throw invalid(`the file ${file}, which does not exist.`);
  try {
    return (await import(pathToFileURL(path.resolve(file)).href)) as Record<string, unknown>;
  } catch (error) {
    const words = wordsOf(error);
    const isTypeScript = /Unknown file extension "\.[cm]?ts"/.test(words);
    const advice = isTypeScript ? '. Node.js before 22.18 does not run TypeScript: compile the file, and give the .js file instead.' : ''; // prettier-ignore
    throw invalid(`${file}, which cannot be imported: ${words}${advice}`, error);
  }
}
