import { SignetError } from '../errors.js';

/**
 * Loads packages that are not installed with Signet because few users need them.
 *
 * @param need What needs them, as the beginning of a message: `Data at s3:// is read by @aws-sdk/client-s3`.
 * @throws SignetError `INVALID_ARGUMENT` if one is not installed; the package's own error if it does not load.
 */
export async function loadOptional<T>(need: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    const message = `${need}, which is not installed. Run "npm install ${packages.join(' ')}".`;
    throw new SignetError('INVALID_ARGUMENT', message, { cause });
  }
}
