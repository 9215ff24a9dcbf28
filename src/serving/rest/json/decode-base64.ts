import { ServingError } from '../../serving-error.js';

/**
 * Decodes standard base64, its padding optional, as TensorFlow Serving does (`absl::Base64Unescape`): the web-safe alphabet is
 * refused, white space passed over.
 *
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export function decodeBase64(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const digits = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  if (digits === text.length && digits % 4 === 0) return Buffer.from(text, 'base64');
  const dense = text.replace(/[ \t\r\n\f\v]+/g, '');
  const isPadded = dense.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(dense);
  const isUnpadded = dense.length % 4 !== 1 && /^[A-Za-z0-9+/]*$/.test(dense);
  if (!isPadded && !isUnpadded) throw new ServingError('INVALID_ARGUMENT', 'Unable to base64 decode');
  return Buffer.from(dense, 'base64');
}
