import { SignetError, wordsOf } from '../errors.js';
import { backend, type BindingAttribute } from './backend.js';
import { dataTypeOf, type DType } from './data-type.js';
import type * as tf from './loading/library.js';

const { binding } = backend;

/** Attributes of an op, by TensorFlow's kinds, as `runOp` takes them. */
export const attribute = {
  string: (name: string, value: string): BindingAttribute => ({ name, type: binding.TF_ATTR_STRING, value }),
  int: (name: string, value: number): BindingAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
  float: (name: string, value: number): BindingAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value }),
  bool: (name: string, value: boolean): BindingAttribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
  type: (name: string, value: DType): BindingAttribute => ({
    name,
    type: binding.TF_ATTR_TYPE,
    value: dataTypeOf(value),
  }),
};

/**
 * Runs one TensorFlow op by its name, such as `DecodeJpeg`, whether or not TF.js has a kernel for it.
 *
 * @returns The op's single output; the caller owns it.
 * @throws SignetError `TENSORFLOW_ERROR` that names the op, with TensorFlow's own words.
 */
export function runOp(op: string, attributes: BindingAttribute[], inputs: tf.Tensor[]): tf.Tensor {
  try {
    return backend.executeSingleOutput(op, attributes, inputs);
  } catch (error) {
    throw tensorflowError(op, error);
  }
}

/** TensorFlow's error, without the addresses and node names that mean nothing to a reader. */
export function tensorflowError(what: string, error: unknown): SignetError {
  if (error instanceof SignetError) return error;
  const words = wordsOf(error);
  return new SignetError('TENSORFLOW_ERROR', `TensorFlow could not run ${what}: ${words}`, { cause: error });
}
