import { parseExample } from '../../../src/ops/parse-example.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

/** Signatures of many kinds, which mostly give back what they get. */
class Kinds extends Servable {
  readonly add = tfFunction((x: tf.Tensor) => ({ y: x.add(1) }), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });

  readonly echo = tfFunction(
    (i: tf.Tensor, b: tf.Tensor, s: tf.Tensor) => ({
      i: i.add(tf.scalar(0, 'int32')),
      b: b.logicalNot(),
      s,
      s_bytes: s,
    }),
    {
      inputSignature: {
        i: tensorSpec('int32', [null]),
        b: tensorSpec('bool', [null]),
        s: tensorSpec('string', [null]),
      },
    },
  );

  readonly any = tfFunction((x: tf.Tensor) => ({ y: x.mul(2) }), {
    inputSignature: { x: tensorSpec('float32', [null, null]) },
  });

  readonly text = tfFunction((s: tf.Tensor) => ({ s }), { inputSignature: { s: tensorSpec('string', null) } });

  readonly rate = tfFunction(
    (inputs: tf.Tensor) => {
      const { age } = parseExample(inputs, { age: { dtype: 'float32', shape: [], defaultValue: -1 } });
      return { sum: age.add(1) };
    },
    { inputSignature: { inputs: tensorSpec('string', [null]) } },
  );
}

/**
 * Saves a small SavedModel. Signatures: `serving_default` (x float32 [?] to y = x + 1), `echo` (i int32, b bool, s string, each
 * [?], to themselves, b turned, s also as s_bytes), `any` (x float32 [?, ?] to y = 2 x), `text` (s string of any rank to
 * itself), `rate` (regress: `age` + 1 of tf.Examples).
 */
export async function saveKinds(directory: string): Promise<void> {
  const kinds = new Kinds();
  const { add, echo, any, text, rate } = kinds;
  const regress = { function: rate, method: 'regress', outputs: { outputs: 'sum' } } as const;
  await kinds.save(directory, { signatures: { serving_default: add, echo, any, text, rate: regress } });
}
