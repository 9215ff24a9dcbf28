import type { Signature, SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import type { PlainSignature, PlainTensor } from './inference-messages.js';

type Tensors = Readonly<Record<string, SignatureTensor>>;

/** A signature in the form sent in messages. */
export function plainSignature({ method, inputs, outputs, omitted }: Signature): PlainSignature {
  return { method, inputs: plainTensors(inputs), outputs: plainTensors(outputs), omitted };
}

/** The opposite of `plainSignature`. */
export function signatureOf({ method, inputs, outputs, omitted }: PlainSignature): Signature {
  return { method, inputs: tensorsOf(inputs), outputs: tensorsOf(outputs), omitted };
}

function plainTensors(tensors: Tensors): PlainTensor[] {
  return Object.entries(tensors).map(
    ([
      name,
      {
        tensor,
        spec: { dtype, shape },
      },
    ]) => ({ name, tensor, dtype, shape }),
  );
}

function tensorsOf(tensors: readonly PlainTensor[]): Tensors {
  return Object.fromEntries(
    tensors.map(({ name, tensor, dtype, shape }) => [name, { tensor, spec: tensorSpec(dtype, shape) }]),
  );
}
