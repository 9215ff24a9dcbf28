import { SignetError } from '../errors.js';
import { type DType, dtypes, tfjsDtype } from '../tensorflow/data-type.js';

/**
 * One size of a tensor: a number, `null` for any size, or a name for an unknown size that is the same wherever the name
 * stands, such as `'batch'` in the two arguments of a training step.
 */
export type Dimension = number | string | null;

/** Sizes from the outermost dimension inwards; `null` instead of the whole shape for any rank. */
export type Shape = readonly Dimension[] | null;

/** A tensor as far as a specification cares; every `tf.Tensor` is one. */
export interface TensorLike {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * What one argument or result of a traced function is: an element type and a shape.
 *
 * Immutable. Prints as `float32[?, ?, ?, 3]`, the form that every message uses.
 *
 * @example
 * ```ts
 * const images = tensorSpec('float32', [null, null, null, 3]);
 * images.check(tf.zeros([8, 28, 28, 3]), 'input_tensor');
 * ```
 */
export class TensorSpec {
  constructor(
    /** Element type, such as `float32` or `string`. */
    readonly dtype: DType,
    /** Size of each dimension: a number, or null where only a call knows it; null instead of a list for any rank. */
    readonly shape: Shape,
  ) {
    if (!dtypes.includes(dtype)) {
      throw new SignetError('INVALID_SHAPE', `A TensorSpec's type is one of ${dtypes.join(', ')}. Received: ${dtype}.`);
    }
    const bad = shape?.find((size) => typeof size === 'number' && !(Number.isSafeInteger(size) && size >= 0));
    if (bad !== undefined) {
      throw new SignetError(
        'INVALID_SHAPE',
        `A dimension is a size, a name or null. Received: ${bad} in [${shape?.join(', ')}].`,
      );
    }
  }

  /** Sizes as TensorFlow writes them: -1 where only a call knows; null for any rank. */
  get sizes(): number[] | null {
    return this.shape?.map((size) => (typeof size === 'number' ? size : -1)) ?? null;
  }

  /** Whether a tensor of TF.js fits; uint8 and int64 are int32 there. */
  accepts(tensor: TensorLike): boolean {
    return tensor.dtype === tfjsDtype(this.dtype) && this.acceptsShape(tensor.shape);
  }

  /** @throws SignetError `SPEC_MISMATCH` that names the argument, what it accepts and what came. */
  check(tensor: TensorLike, argument: string): void {
    if (this.accepts(tensor)) return;
    throw new SignetError(
      'SPEC_MISMATCH',
      `Argument "${argument}" accepts ${this}${this.#inTfjs}. Received: ${tensor.dtype}[${tensor.shape.join(', ')}].`,
    );
  }

  /** Returns type and shape as messages show them: `float32[?, 28, 28, 3]`, and `float32[...]` for any rank. */
  toString(): string {
    if (this.shape === null) return `${this.dtype}[...]`;
    return `${this.dtype}[${this.shape.map((size) => size ?? '?').join(', ')}]`;
  }

  get #inTfjs(): string {
    const type = tfjsDtype(this.dtype);
    return type === this.dtype ? '' : ` (in TF.js, a tensor of type ${type})`;
  }

  /** Whether a shape fits, whatever the type. */
  acceptsShape(shape: readonly number[]): boolean {
    const expected = this.shape;
    if (expected === null) return true;
    return (
      shape.length === expected.length && expected.every((size, i) => typeof size !== 'number' || size === shape[i])
    );
  }
}

/** Shorthand for `new TensorSpec(dtype, shape)`, after `tf.TensorSpec`. */
export function tensorSpec(dtype: DType, shape: Shape): TensorSpec {
  return new TensorSpec(dtype, shape);
}

/** Counts the elements of a tensor with this shape: `tf.util.sizeFromShape`, for files that do without TensorFlow. */
export function sizeFromShape(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
