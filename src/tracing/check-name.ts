import { SignetError } from '../errors.js';

/**
 * Refuses a name that TensorFlow does not accept for an argument, a result or a signature.
 *
 * @param what What is named, for the message.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function checkName(what: string, name: string): void {
  if (/^[A-Za-z]\w*$/.test(name)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `The name of a ${what} is made of letters, digits and _, and begins with a letter. Received: "${name}".`,
  );
}
