import { attribute, runOp } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { regexReplace } from './regex-replace.js';

/**
 * Decodes base64 text to bytes; web-safe (`-` and `_`) as TensorFlow has it, or standard (`+` and `/`), padded or not.
 *
 * @param text string, any shape.
 * @returns string of the same shape.
 * @throws SignetError `TENSORFLOW_ERROR` for what is not base64.
 */
export function decodeBase64(text: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const webSafe = regexReplace(regexReplace(text, '\\+', '-'), '/', '_');
    return runOp('DecodeBase64', [], [webSafe]);
  });
}

/**
 * Encodes bytes as web-safe base64 text.
 *
 * @param bytes string, any shape.
 * @param pad Whether `=` fills the text up to a multiple of four. Default: false.
 */
export function encodeBase64(bytes: tf.Tensor, { pad = false }: { readonly pad?: boolean } = {}): tf.Tensor {
  return runOp('EncodeBase64', [attribute.bool('pad', pad)], [bytes]);
}
