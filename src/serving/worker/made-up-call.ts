import { create } from '@bufbuild/protobuf';

import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { tensorValueOf } from '../../saved-model/read/tensor-proto-value.js';
import type { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import { TensorProtoSchema } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';

/** Values of tensors by name. */
export type Values = Readonly<Record<string, TensorValue>>;

/** A call of a signature for any session of the model. */
export interface SampleCall {
  readonly signature: string;
  readonly inputs: Values;
  /** Default: all. */
  readonly outputs?: readonly string[];
}

/**
 * Makes up a call of the first signature that takes numbers: one image, or whatever else the first dimension counts.
 *
 * @returns Null if every signature takes strings.
 * @throws SignetError for inputs that would be too large.
 */
export function madeUpCall(model: LoadedSavedModel): SampleCall | null {
  for (const [key, signature] of Object.entries(model.signatures)) {
    const inputs = inputsOf(signature);
    if (inputs) return { signature: key, inputs };
  }
  return null;
}

/** Makes up calls of a signature: one, or if it takes strings, one for each text. @throws SignetError for inputs that would be too large. */
export function madeUpCalls(key: string, signature: Signature, texts: readonly Uint8Array[]): SampleCall[] {
  const numbers = inputsOf(signature);
  const all = numbers ? [numbers] : texts.map((text) => inputsOf(signature, text));
  return all.flatMap((inputs) => (inputs ? [{ signature: key, inputs }] : []));
}

/** Runs a call. */
export function runCall(model: LoadedSavedModel, { signature, inputs, outputs }: SampleCall): Values {
  return model.callValues(signature, inputs, outputs);
}

/** Whole numbers below 256, like those of pixels, that do not repeat in rows. */
function madeUp(position: number): number {
  return (position * 7919) % 251;
}

/** Maximum memory for an input in bytes, whatever a hostile model says. */
const maxBytes = 2 ** 24;
/** Number to use for an unknown size, such as the height of an image. */
const anySize = 32;

/** Null for strings without a text. @throws SignetError for inputs that would be too large. */
function inputsOf({ inputs }: Signature, text?: Uint8Array): Values | null {
  const made = Object.entries(inputs).map(([name, { spec }]) => {
    const sizes = (spec.shape ?? []).map((size, i) => (typeof size === 'number' ? size : i === 0 ? 1 : anySize));
    const dim = sizes.map((size) => ({ size: BigInt(size) }));
    // A message without elements means zeros.
    const proto = create(TensorProtoSchema, { dtype: dataTypeOf(spec.dtype), tensorShape: { dim } });
    return [name, fill(tensorValueOf(proto, { maxBytes }), text)] as const;
  });
  return !text && made.some(([, { dtype }]) => dtype === 'string') ? null : Object.fromEntries(made);
}

/** Integers may be indices into small tables, so they stay 0, except for pixels. */
function fill(zeros: TensorValue, text?: Uint8Array): TensorValue {
  if (zeros.dtype === 'string' && text)
    return { ...zeros, values: new Array<Uint8Array>(zeros.values.length).fill(text) };
  if (!/^b?float|^uint8$/.test(zeros.dtype)) return zeros;
  const values = zeros.values as Float32Array;
  for (let i = 0; i < values.length; i += 1) values[i] = madeUp(i);
  return zeros;
}
