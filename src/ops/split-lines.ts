import { backend } from '../tensorflow/backend.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { attribute } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { attrValueOf } from '../tracing/attr-value.js';
import { sampleTensor } from '../tracing/trace.js';
import { regexReplace } from './regex-replace.js';
import { stringScalar } from './strings.js';
import { currentTape } from '../tracing/tape.js';

/**
 * Splits a text into its lines, which end in `\n`, `\r\n` or `\r`; a line break at the very end does not start another line.
 *
 * @param text string scalar, such as `readFile(this.labels)`.
 * @returns string [lines]
 */
export function splitLines(text: tf.Tensor): tf.Tensor1D {
  return tf.tidy(() => {
    const lineFeeds = regexReplace(text, '\\r\\n?', '\n');
    const vector = tf.reshape(regexReplace(lineFeeds, '\\n\\z', ''), [1]);
    return stringSplit(vector, stringScalar(Buffer.from('\n')));
  });
}

function stringSplit(vector: tf.Tensor, separator: tf.Tensor): tf.Tensor1D {
  const attributes = [attribute.int('maxsplit', -1)];
  const inputs = [vector, separator];
  const tape = currentTape();
  if (!tape) {
    const [indices, values, shape] = backend.executeMultipleOutputs('StringSplitV2', attributes, inputs, 3);
    tf.dispose([indices, shape]);
    return values as tf.Tensor1D;
  }
  const lines = tape.freshSize();
  const outputs = withListener(null, () => [
    sampleTensor({ dtype: 'int32' }, [lines, 2]),
    sampleTensor({ dtype: 'string' }, [lines]),
    sampleTensor({ dtype: 'int32' }, [2]),
  ]);
  const given = Object.fromEntries(attributes.map((each) => [each.name, attrValueOf(each)]));
  tape.record({ op: 'StringSplitV2', attributes: given, inputs, outputs });
  return outputs[1] as tf.Tensor1D;
}
