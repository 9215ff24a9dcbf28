import type { Signature } from '../../../src/saved-model/read/read-saved-model.js';
import type { TensorSpec } from '../../../src/tracing/tensor-spec.js';

/** A signature with these inputs and no outputs, of no model. */
export function signatureOf(inputs: Readonly<Record<string, TensorSpec>>): Signature {
  const tensors = Object.entries(inputs).map(([name, spec]) => [name, { tensor: `${name}:0`, spec }] as const);
  return { inputs: Object.fromEntries(tensors), outputs: {}, method: 'tensorflow/serving/predict' };
}
