import { statfs } from 'node:fs/promises';

import { SignetError } from '../errors.js';

const full = ['ENOSPC', 'EDQUOT'];
const forbidden = ['EACCES', 'EPERM', 'EROFS'];

/** Puts a failed file operation into words; any other error stays what it is. */
export function explainFileError(error: unknown, cacheFolder: string): unknown {
  if (!(error instanceof Error) || error instanceof SignetError) return error;
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const place = path ?? cacheFolder;
  const inCache = place.startsWith(cacheFolder);
  if (full.includes(code)) {
    return new SignetError(
      'SET_UP_FAILED',
      `The disk is full at ${place}. Free some space there${inCache ? ', or set SIGNET_CACHE to a folder on another disk,' : ''} ` +
        'and run set-up again: it continues where it stopped.',
      { cause: error },
    );
  }
  if (forbidden.includes(code)) {
    return new SignetError(
      'SET_UP_FAILED',
      `Set-up may not write ${place} (${code}). Make it writable for your user${inCache ? ', or set SIGNET_CACHE to a folder that is,' : ''} ` +
        'and run set-up again.',
      { cause: error },
    );
  }
  // On a read-only disk, Node's recursive mkdir says ENOENT.
  if (syscall === 'mkdir') {
    return new SignetError(
      'SET_UP_FAILED',
      `The folder ${place} cannot be made (${code}). Does its disk exist, is it writable, and is nothing else of that name there? ` +
        'Set-up keeps its files there; SIGNET_CACHE names another folder.',
      { cause: error },
    );
  }
  return error;
}

/** Whether a program's output says that the disk is full. */
export function saysDiskFull(output: string): boolean {
  return /No space left on device|Disk quota exceeded/i.test(output);
}

/** The error for a full disk that a child process ran into, in the form that `explainFileError` recognizes. */
export function diskFull(path: string): Error {
  return Object.assign(new Error('No space left on device'), { code: 'ENOSPC', path });
}

/**
 * Checks the free space first, so that a download of minutes does not end with a full disk.
 *
 * @throws SignetError `SET_UP_FAILED` with the space that is there and the space that is needed.
 */
export async function checkSpace(folder: string, bytesNeeded: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytesNeeded) return;
  throw new SignetError(
    'SET_UP_FAILED',
    `Set-up needs ${gigabytes(bytesNeeded)} in ${folder}. Received: ${gigabytes(free)} free. ` +
      'Free some space there, or set SIGNET_CACHE to a folder on another disk.',
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
