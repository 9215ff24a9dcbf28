import { isUtf8 } from 'node:buffer';
import { type Dirent, readdir } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import fastGlob from 'fast-glob';

import { byCodePoint } from '../../text/by-code-point.js';
import { fileProblem, type ImageProblem } from '../image-file/image-problem.js';

/** An entry of a directory. A symbolic link counts as a link, whatever it leads to; a pipe, a socket or a device is a file. */
export interface Entry {
  /** Relative to the directory that was listed, with `/` between names. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'link';
}

export interface Listing {
  /** The real path of the directory, without links. */
  readonly real: string;
  /** Sorted by code point. */
  readonly entries: Entry[];
  /** Directories that cannot be read and names that are not text; their paths begin with the directory as given. */
  readonly problems: ImageProblem[];
}

export interface ListOptions {
  /** Whether to go down into directories (never through links). */
  readonly deep: boolean;
  /** Directories listed before, by real path: they are not entered again, and those listed now are added. */
  readonly visited?: Set<string>;
}

/** Names that operating systems and network drives (Synology, QNAP, NetApp, Netatalk) leave behind, in lower case; names that begin with a dot are left out too. */
const clutter = new Set([
  ...['thumbs.db', 'ehthumbs.db', 'ehthumbs_vista.db', 'desktop.ini', '__macosx', 'icon\r'],
  ...['@eadir', '@tmp', '#recycle', '@recycle', '#snapshot', '~snapshot', '@recently-snapshot'],
  ...['$recycle.bin', 'system volume information', 'lost+found', 'network trash folder', 'temporary items'],
]);

/**
 * Lists a directory with fast-glob: nothing hidden, no link followed, no name lost.
 *
 * @throws NodeJS.ErrnoException if the directory itself does not exist.
 */
export async function listEntries(directory: string, { deep, visited = new Set() }: ListOptions): Promise<Listing> {
  const real = await realpath(directory);
  const failures: Promise<ImageProblem>[] = [];
  const found = await fastGlob(deep ? '**/*' : '*', {
    cwd: encoded(Buffer.from(real).toString('latin1')),
    fs: { readdir: safeReaddir(visited, failures) as never },
    onlyFiles: false,
    objectMode: true,
    followSymbolicLinks: false,
    unique: false,
  });
  const entries: Entry[] = [];
  const unnamed: ImageProblem[] = [];
  for (const { path, dirent } of found) {
    const bytes = decoded(path);
    const text = textOf(bytes);
    if (text === null) unnamed.push(notText(join(directory, escapeBytes(bytes))));
    else entries.push({ path: text, type: typeOf(dirent) });
  }
  entries.sort((a, b) => byCodePoint(a.path, b.path));
  const unread = (await Promise.all(failures)).map((problem) => asSeen(problem, real, directory));
  return { real, entries, problems: [...unnamed, ...unread] };
}

/** Gives a problem the path by which the user knows a directory that was listed by its real path. */
function asSeen(problem: ImageProblem, real: string, seen: string): ImageProblem {
  return { ...problem, path: join(seen, problem.path.slice(real.length)) };
}

type ReaddirCallback = (error: Error | null, entries: Dirent[]) => void;

/**
 * A `readdir` for fast-glob. Without it, fast-glob would drop a directory that it cannot read or end the search there, lose names with line breaks,
 * and treat two names that are not UTF-8 as the same: here, paths have a character for each byte (`latin1`), as a text takes less memory than a
 * buffer.
 */
function safeReaddir(visited: Set<string>, failures: Promise<ImageProblem>[]) {
  return (path: string, _options: unknown, callback: ReaddirCallback): void => {
    const bytes = decoded(path);
    const directory = textOf(bytes);
    // A name that is not text is reported where it is found; nothing below it could be opened by name.
    if (directory === null || visited.has(directory)) {
      callback(null, []);
      return;
    }
    visited.add(directory);
    readdir(directory, { withFileTypes: true, encoding: 'latin1' }, (error, entries) => {
      if (error) failures.push(fileProblem(directory, error));
      callback(null, error ? [] : entries.filter(({ name }) => !isHidden(name)).map(withEncodedName));
    });
  };
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || clutter.has(name.toLowerCase());
}

function withEncodedName(entry: Dirent): Dirent {
  return Object.assign(entry, { name: encoded(entry.name) });
}

function typeOf(entry: Pick<Dirent, 'isSymbolicLink' | 'isDirectory'>): Entry['type'] {
  if (entry.isSymbolicLink()) return 'link';
  return entry.isDirectory() ? 'directory' : 'file';
}

/** A path as fast-glob gets it: bytes with other characters for the two that the `.` of its patterns does not match. */
function encoded(bytes: string): string {
  return bytes.replaceAll('\n', '\u240a').replaceAll('\r', '\u240d');
}

function decoded(path: string): string {
  return path.replaceAll('\u240a', '\n').replaceAll('\u240d', '\r');
}

/** The text of a path's bytes in UTF-8; null if they are something else. */
function textOf(bytes: string): string | null {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString() : null;
}

function notText(path: string): ImageProblem {
  return { path, kind: 'unreadable', message: 'has a name that is not valid UTF-8: rename it' };
}

/** Bytes with `\xe9` for each that is not printable ASCII. */
function escapeBytes(bytes: string): string {
  const hexadecimal = (byte: string) => byte.charCodeAt(0).toString(16).padStart(2, '0');
  return bytes.replace(/[^ -~]/g, (byte) => `\\x${hexadecimal(byte)}`);
}

/** Whether a path is a directory or lies in it; both are real paths. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** The problem of a link to a directory that contains it: followed, it would lead down forever. */
export function linksBack(path: string): ImageProblem {
  return { path, kind: 'symlink-loop', message: 'is a symbolic link to a directory that contains it' };
}
