import { attribute, runOp } from '../tensorflow/run-op.js';
import type * as tf from '../tensorflow/tf.js';

/**
 * Replaces every match of a pattern in every string.
 *
 * @param pattern RE2 syntax, https://github.com/google/re2/wiki/Syntax.
 * @param replacement `\1` to `\9` stand for the pattern's groups.
 */
export function regexReplace(text: tf.Tensor, pattern: string, replacement: string): tf.Tensor {
  const attributes = [
    attribute.string('pattern', pattern),
    attribute.string('rewrite', replacement),
    attribute.bool('replace_global', true),
  ];
  return runOp('StaticRegexReplace', attributes, [text]);
}
