import { shown } from '../../limits/shown.js';
import { ServingError } from '../../serving-error.js';

/**
 * Decodes standard base64, its padding optional, as TensorFlow Serving does (`absl::Base64Unescape`): the web-safe alphabet is refused, white space
 * is skipped.
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
  if (isPadded || isUnpadded) return Buffer.from(dense, 'base64');
  throw new ServingError('INVALID_ARGUMENT', `Unable to base64 decode${whyNot(dense)}`);
}

/** Explains a common mistake in place of base64; empty for any other text. */
function whyNot(text: string): string {
  const dataUrl = /^data:[^,]{0,100},/.exec(text)?.[0];
  if (dataUrl !== undefined)
    return `: it begins with "${shown(dataUrl)}", as data: URLs do. Send what comes after the comma.`;
  if (/^b(['"]).*\1$/.test(text)) {
    return ': it is how Python shows bytes. Send base64.b64encode(data).decode("ascii").';
  }
  if (/[-_]/.test(text) && /^[A-Za-z0-9_-]+={0,2}$/.test(text)) {
    return ': it has "-" or "_", letters of the web-safe alphabet. Encode it with the standard one, which has "+" and "/".';
  }
  return '';
}
