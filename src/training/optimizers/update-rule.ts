import type * as tf from '../../tensorflow/tf.js';
import type { Attributes } from '../../tracing/op-signature.js';

/** Tensors that an optimizer keeps for a variable between steps, by Keras's names, such as `momentum`. */
export type Slots = Readonly<Record<string, tf.Tensor>>;

/** Change of a variable in one step. */
export interface Update {
  /** Added to the variable; of its shape. */
  readonly change: tf.Tensor;
  /** The new values of its slots. */
  readonly slots: Slots;
}

/** An op of TensorFlow that applies a rule in place, in one pass over the memory of a variable and its slots. */
export interface FusedOp {
  /** Name of the op, such as `ResourceApplyAdam`. */
  readonly op: string;
  readonly attributes: Attributes;
  /** The slots that it takes after the variable, in its order. */
  readonly slots: readonly string[];
  /** Returns the inputs that follow those. */
  readonly inputs: (gradient: tf.Tensor) => readonly tf.Tensor[];
}

/** Computes the update of a variable from its gradient and its slots; assigns nothing. */
export type UpdateRule = (gradient: tf.Tensor, slots: Slots) => Update;
