import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { fileProblem, type ImageProblem } from '../image-file/image-problem.js';
import { isInside, linksBack, listEntries } from './list-entries.js';

/** Entries of a class directory, at any depth. */
export interface ImageFiles {
  /** Everything that is not a directory, whatever is in it. */
  readonly paths: string[];
  readonly problems: ImageProblem[];
  /** Links to directories of this class that had been read already. */
  readonly repeatedDirectories: string[];
}

/** A directory still to be read, and the real directories whose links led to it. */
interface Pending {
  readonly path: string;
  readonly from: readonly string[];
}

/**
 * Finds the files of a class directory and of the directories in it, as Keras does with `follow_links`.
 *
 * Links are followed, but every real directory is read once: links in a circle are reported, and a few links that lead to
 * each other cannot make millions of paths.
 */
export async function findImageFiles(directory: string): Promise<ImageFiles> {
  return new Search().run(directory);
}

class Search {
  readonly #found: ImageFiles = { paths: [], problems: [], repeatedDirectories: [] };
  /** Real directories that were read, and directories behind links that will be. */
  readonly #visited = new Set<string>();
  readonly #awaited = new Set<string>();
  readonly #pending: Pending[] = [];

  async run(directory: string): Promise<ImageFiles> {
    this.#pending.push({ path: directory, from: [] });
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      try {
        await this.#read(next);
      } catch (error) {
        this.#found.problems.push(await fileProblem(next.path, error));
      }
    }
    return this.#found;
  }

  async #read({ path, from }: Pending): Promise<void> {
    const { real, entries, problems } = await listEntries(path, { deep: true, visited: this.#visited });
    this.#found.problems.push(...problems);
    const folder = join(path, '/');
    for (const entry of entries) {
      // `join` makes texts in pieces, which take four times the memory.
      const here = [folder, entry.path].join('');
      const target = entry.type === 'link' ? await realDirectory(here) : null;
      if (target !== null) this.#follow(here, target, [...from, dirname(join(real, entry.path))]);
      else if (entry.type !== 'directory') this.#found.paths.push(here);
    }
  }

  #follow(link: string, target: string, trail: readonly string[]): void {
    if (trail.some((step) => isInside(step, target))) this.#found.problems.push(linksBack(link));
    else if (this.#visited.has(target) || this.#awaited.has(target)) this.#found.repeatedDirectories.push(link);
    else {
      this.#awaited.add(target);
      this.#pending.push({ path: link, from: trail });
    }
  }
}

/** The directory that a link leads to, if any. A dangling link counts as a file: reading it gives the reason. */
async function realDirectory(link: string): Promise<string | null> {
  try {
    return (await stat(link)).isDirectory() ? await realpath(link) : null;
  } catch {
    return null;
  }
}
