import { sep } from 'node:path';

import type { ImageProblem } from '../image-file/image-problem.js';

/** Whether `path` is `directory` or lies in it; both are real paths. */
export function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** A link to a directory that it stands in: followed, it would lead down for ever. */
export function linksBack(path: string): ImageProblem {
  return { path, kind: 'symlink-loop', message: 'is a symbolic link to a directory that it stands in' };
}
