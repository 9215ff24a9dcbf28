import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fileProblem, type ImageProblem } from '../image-file/image-problem.js';
import { byCodePoint } from '../../text/by-code-point.js';
import { type Entry, isInside, linksBack, listEntries } from './list-entries.js';

/** A directory directly in a data set: its name is a class, and its content are that class's images. */
export interface ClassDirectory {
  /** In Unicode's normal form C: macOS writes `é` as two characters, Linux as one. */
  readonly name: string;
  readonly path: string;
}

/** Entries directly in the directory of a data set. */
export interface ClassDirectories {
  /** Sorted by code point of the name, as Keras sorts them. */
  readonly classes: ClassDirectory[];
  /** Paths of files directly in the directory, which belong to no class. */
  readonly strayFiles: string[];
  /** Links that lead nowhere or in a circle, names that are not valid UTF-8, and a name that another directory has in another Unicode form. */
  readonly problems: ImageProblem[];
}

/**
 * Finds the class directories of a data set: every directory, or link to one, that is not hidden.
 *
 * @throws NodeJS.ErrnoException if the directory itself is not there.
 */
export async function findClassDirectories(directory: string): Promise<ClassDirectories> {
  const { real, entries, problems } = await listEntries(directory, { deep: false });
  const found: ClassDirectories = { classes: [], strayFiles: [], problems };
  for (const entry of entries) await sort(entry, join(directory, entry.path), real, found);
  found.classes.sort((a, b) => byCodePoint(a.name, b.name));
  const twice = found.classes.filter(({ name }, i) => name === found.classes[i - 1]?.name);
  found.problems.push(...twice.map(({ path }) => ({ path, kind: 'unreadable' as const, message: sameName })));
  return found;
}

const sameName = 'has the name of another directory in another Unicode form (composed or decomposed): merge the two';

async function sort(entry: Entry, path: string, root: string, found: ClassDirectories): Promise<void> {
  try {
    const isDirectory = entry.type === 'link' ? (await stat(path)).isDirectory() : entry.type === 'directory';
    if (!isDirectory) found.strayFiles.push(path);
    else if (entry.type === 'link' && isInside(root, await realpath(path))) found.problems.push(linksBack(path));
    else found.classes.push({ name: entry.path.normalize('NFC'), path });
  } catch (error) {
    found.problems.push(await fileProblem(path, error));
  }
}
