import { SignetError } from '../../errors.js';

/**
 * Loads a package that is not installed with Signet because few users need it.
 *
 * @param scheme What needs it, such as `s3://`.
 * @throws SignetError `INVALID_ARGUMENT` if it is not installed.
 */
export async function loadPackage<T>(scheme: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `Data at ${scheme} is read by ${name}, which is not installed. Run "npm install ${name}".`,
      { cause },
    );
  }
}
