import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { stringScalar } from './strings.js';
import { currentTape } from '../tracing/tape.js';

/**
 * Fails the call unless a condition holds: in a graph, when it runs, with the message in TensorFlow's error. Everything after it is computed only if
 * it holds, as in JavaScript.
 *
 * @param condition bool; of a tensor with several elements, all must be true.
 * @param message What was expected, for the client who reads it.
 * @param data Tensors whose first elements follow the message. Default: none.
 * @throws SignetError `ASSERTION_FAILED`.
 */
export function assertThat(condition: tf.Tensor, message: string, data: readonly tf.Tensor[] = []): void {
  tf.tidy(() => {
    const holds = condition.rank === 0 ? condition : tf.all(condition);
    const tape = currentTape();
    if (tape) {
      const inputs = [holds, stringScalar(Buffer.from(message)), ...data];
      const types = inputs.slice(1).map((input) => tape.dataTypeOf(input));
      tape.record({ op: 'Assert', attributes: { T: attr.types(types), summarize: attr.int(3) }, inputs, outputs: [] });
      return;
    }
    if (holds.dataSync()[0]) return;
    const values = data.map((tensor) => `[${Array.from(tensor.dataSync().slice(0, 3)).join(', ')}]`);
    throw new SignetError('ASSERTION_FAILED', [message, ...values].join(' '));
  });
}
