import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';
import type { NamedSpec } from './concrete-function.js';

/**
 * Checks that a call gives each argument, each of the type and shape of its specification, and dimensions of one name one size.
 *
 * @param label What messages call the function.
 * @param inputs The arguments in their order.
 * @throws SignetError `SPEC_MISMATCH`.
 */
export function checkArguments(
  label: string,
  inputs: readonly NamedSpec[],
  args: readonly unknown[],
): asserts args is readonly tf.Tensor[] {
  const named = new Map<string, { readonly size: number; readonly argument: string }>();
  for (const [i, { name, spec }] of inputs.entries()) {
    const arg = args[i];
    if (!isTensor(arg)) throw noTensor(label, { name, spec }, arg);
    spec.check(arg, name);
    for (const [axis, dimension] of (spec.shape ?? []).entries()) {
      if (typeof dimension !== 'string') continue;
      const size = arg.shape[axis] ?? 0;
      const before = named.get(dimension) ?? { size, argument: name };
      if (before.size !== size) throw unequal(label, dimension, before, { size, argument: name });
      named.set(dimension, before);
    }
  }
  if (args.length > inputs.length) throw tooMany(label, inputs, args.length);
}

/** TypeScript would narrow `instanceof tf.Tensor` to a tensor of `any`. */
function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

function noTensor(label: string, { name, spec }: NamedSpec, arg: unknown): SignetError {
  const received = arg === undefined ? 'nothing' : `${typeof arg}; make a tensor of it first, with tf.tensor`;
  return new SignetError('SPEC_MISMATCH', `"${label}" takes ${name}: ${spec}. Received: ${received}.`);
}

interface NamedSize {
  readonly size: number;
  readonly argument: string;
}

function unequal(label: string, dimension: string, a: NamedSize, b: NamedSize): SignetError {
  return new SignetError(
    'SPEC_MISMATCH',
    `"${label}" takes one size for the dimension '${dimension}'. Received: ${a.size} in "${a.argument}" and ${b.size} in "${b.argument}".`,
  );
}

function tooMany(label: string, inputs: readonly NamedSpec[], received: number): SignetError {
  const names = inputs.map(({ name }) => name).join(', ');
  const takes = `"${label}" takes ${inputs.length} argument${inputs.length === 1 ? '' : 's'}${names && `: ${names}`}`;
  return new SignetError('SPEC_MISMATCH', `${takes}. Received: ${received}.`);
}
