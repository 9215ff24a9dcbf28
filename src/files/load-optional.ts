import { SignetError } from '../../errors.js';

/**
 * Loads a package that is not installed with Signet because few users need it.
 *
 * @param scheme What needs it, such as `s3://`.
 * @throws SignetError `INVALID_ARGUMENT` if it is not installed; the package's own error if it does not load.
 */
export async function loadPackage<T>(scheme: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new SignetError(
      'INVALID_ARGUMENT',
      `Data at ${scheme} is read by ${name}, which is not installed. Run "npm install ${name}".`,
      { cause },
    );
  }
}
