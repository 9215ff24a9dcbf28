import { lstat, readlink } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';

import { printable } from '../../text/printable.js';

/** Why a file cannot be used. */
export type ProblemKind =
  'empty' | 'corrupt' | 'unsupported' | 'too-many-pixels' | 'too-large' | 'unreadable' | 'symlink-loop' | 'duplicate';

/** A file that cannot be used, with the reason in words that continue its path: `is a HEIC image`. */
export interface ImageProblem {
  /** Path as found; bytes that are not UTF-8 are written as `\xe9`. Print it with `printable`. */
  readonly path: string;
  readonly kind: ProblemKind;
  readonly message: string;
}

/** Error that a reader of an image throws if the image is to blame; `inspectImageFile` makes an `ImageProblem` of it. */
export class ImageFault extends Error {
  override readonly name = 'ImageFault';

  constructor(
    readonly kind: ProblemKind,
    message: string,
  ) {
    super(message);
  }
}

/** The problem of an image that could not be read. @throws Any error that is neither about its bytes nor from the file system. */
export async function problemOf(path: string, error: unknown): Promise<ImageProblem> {
  if (error instanceof ImageFault) return { path, kind: error.kind, message: error.message };
  return fileProblem(path, error);
}

/** Describes an error of the file system about `path`, in words for people. */
export async function fileProblem(path: string, error: unknown): Promise<ImageProblem> {
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  if (code === 'ELOOP') return { path, kind: 'symlink-loop', message: 'is a symbolic link that leads in a circle' };
  const words = getSystemErrorMap().get(errno ?? 0)?.[1] ?? code;
  const message = (code === 'ENOENT' ? await danglingLink(path) : null) ?? `cannot be read: ${words}`;
  return { path, kind: 'unreadable', message };
}

async function danglingLink(path: string): Promise<string | null> {
  try {
    if (!(await lstat(path)).isSymbolicLink()) return null;
    return `is a symbolic link to ${printable(await readlink(path))}, which does not exist`;
  } catch {
    return null;
  }
}
