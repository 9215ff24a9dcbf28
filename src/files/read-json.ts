import { open } from 'node:fs/promises';

import * as v from 'valibot';

import { SignetError, wordsOf } from '../errors.js';
import { printable } from '../text/printable.js';

/** What a JSON file may hold, and how a file that holds something else is reported. */
export interface JsonFileOptions<S extends v.GenericSchema> {
  /** Largest size in bytes that is read: a file from elsewhere may have any size. */
  readonly mostBytes: number;
  /** The shape of the content. */
  readonly schema: S;
  /**
   * Makes the error for a file that cannot be used.
   *
   * @param problem A clause such as `epoch: expected a number, received "x"`, without a full stop.
   * @defaultValue a `SignetError` with the code `INVALID_ARGUMENT` that names the file.
   */
  readonly error?: ((problem: string, cause: unknown) => SignetError) | undefined;
  /** Parses the text. @defaultValue `JSON.parse` */
  readonly parse?: ((text: string) => unknown) | undefined;
  /** Reads the text of a file that has `mostBytes` at most; null where there is none. @defaultValue reads a file of this machine */
  readonly readText?: ((file: string, mostBytes: number) => Promise<string | null>) | undefined;
}

/**
 * Reads a small JSON file: checks its size before its content, and its content against a schema.
 *
 * @returns the content, or null if the file does not exist.
 * @throws SignetError made by `options.error`, which names each field that is wrong, what was expected and what was received.
 */
export async function readJson<S extends v.GenericSchema>(
  file: string,
  options: JsonFileOptions<S>,
): Promise<v.InferOutput<S> | null> {
  const error = options.error ?? ((problem, cause) => unusable(file, problem, cause));
  try {
    const text = await (options.readText ?? readText)(file, options.mostBytes);
    return text === null ? null : parseJson(text, options);
  } catch (cause) {
    if (cause instanceof SignetError) throw cause;
    throw error(wordsOf(cause).replace(/\.$/, ''), cause);
  }
}

/**
 * Parses JSON text and checks it against a schema.
 *
 * @throws Error whose message names only the problem.
 */
function parseJson<S extends v.GenericSchema>(
  text: string,
  { schema, parse = JSON.parse }: Pick<JsonFileOptions<S>, 'schema' | 'parse'>,
): v.InferOutput<S> {
  const result = v.safeParse(schema, parseText(text, parse));
  if (result.success) return result.output;
  throw new Error(schemaProblem(result.issues));
}

function parseText(text: string, parse: (text: string) => unknown): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new Error(text.trim() === '' ? 'it is empty' : `it is not JSON: ${printable(wordsOf(cause))}`, { cause });
  }
}

/**
 * Reads a small text file.
 *
 * @returns Null if the file does not exist.
 * @throws Error for a larger file; NodeJS.ErrnoException.
 */
export async function readText(file: string, mostBytes: number): Promise<string | null> {
  const handle = await open(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return null;
  try {
    checkSize((await handle.stat()).size, mostBytes);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** @throws Error for a file of more than `mostBytes`. */
export function checkSize(size: number, mostBytes: number): void {
  if (size > mostBytes) throw new Error(`it has ${size} bytes. Expected: ${mostBytes} at most`);
}

/** Problems listed in one message; the rest are counted. */
const mostProblems = 3;

function schemaProblem(issues: readonly v.GenericIssue[]): string {
  const listed = issues.slice(0, mostProblems).map(issueText);
  const rest = issues.length - listed.length;
  return [...listed, ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
}

/** Words for valibot's names of types; a bound such as `>=1` needs none. */
const expectedWords: Readonly<Record<string, string>> = {
  Object: 'an object',
  Array: 'an array',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
};

function issueText(issue: v.GenericIssue): string {
  const field = printable(v.getDotPath(issue) ?? 'the document');
  if (issue.received === 'undefined') return `${field} is missing`;
  const received = shortened(printable(issue.received));
  return `${field}: expected ${expectedText(issue)}, received ${expectedWords[received] ?? received}`;
}

function expectedText({ expected, type, message }: v.GenericIssue): string {
  if (type === 'safe_integer' || type === 'integer') return 'a whole number';
  return expected === null ? message : (expectedWords[expected] ?? expected);
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

/** A schema for whole numbers, from `least` to `most`. */
export function wholeNumber(least = 0, most: number = Number.MAX_SAFE_INTEGER) {
  return v.pipe(v.number(), v.safeInteger(), v.minValue(least), v.maxValue(most));
}

function unusable(file: string, problem: string, cause: unknown): SignetError {
  return new SignetError('INVALID_ARGUMENT', `${file} cannot be used: ${problem}.`, { cause });
}
