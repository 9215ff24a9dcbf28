import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { watchingOps } from './tape.js';
import { type TfFunction, traceAgain } from './tf-function.js';

/** Signet's own files, which call ops for others. */
const own = fileURLToPath(new URL('..', import.meta.url));
/** Enough stack frames to reach from the tape through TF.js to a user's line. */
const frames = 100;

/**
 * Finds the line of a user's code that calls an op in a tf function, by tracing it once more.
 *
 * @param op TensorFlow's name, such as `CropAndResize`.
 * @returns `src/crops.ts:12:20`, from the working directory; null if the function does not call it, or only Signet does.
 */
export function whereCalled(fn: TfFunction<never>, op: string): string | null {
  const depth = Error.stackTraceLimit;
  let found: string | null = null;
  Error.stackTraceLimit = frames;
  try {
    watchingOps(
      (called) => {
        if (called === op) found ??= userLine(new Error().stack ?? '');
      },
      () => traceAgain(fn),
    );
  } catch {
    // The function could be traced before; if it fails now, as it may with random values, the line remains unknown.
  } finally {
    Error.stackTraceLimit = depth;
  }
  return found;
}

/** The first line of a stack that is neither Signet's, nor of a library or of Node.js. */
function userLine(stack: string): string | null {
  for (const line of stack.split('\n')) {
    const [, place = '', position = ''] =
      /(?:\(|at )((?:file:\/\/|\/|[A-Za-z]:)[^()]*?)(:\d+:\d+)\)?$/.exec(line) ?? [];
    if (place === '') continue;
    const file = place.startsWith('file://') ? fileURLToPath(place.split('?', 1)[0] ?? '') : place;
    if (file.startsWith(own) || /[\\/]node_modules[\\/]/.test(file)) continue;
    return `${path.relative(process.cwd(), file)}${position}`;
  }
  return null;
}
