import { SignetError } from '../errors.js';

/**
 * Replaces a piece of the addon's source that stands in it once.
 *
 * @param where The file and the function, for the message.
 * @throws SignetError `SET_UP_FAILED` when the source is not that of tfjs-node 4.22.
 */
export function patchSource(source: string, original: string, patched: string, where: string): string {
  if (source.split(original).length === 2) return source.replace(original, () => patched);
  throw new SignetError(
    'SET_UP_FAILED',
    `The addon of tfjs-node is not the version 4.22.0 that Signet mends (${where}). ` +
      'Install the dependencies as package-lock.json has them: npm ci.',
  );
}
