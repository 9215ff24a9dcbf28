import { type DType, tfjsDtype } from '../tensorflow/data-type.js';
import type { BindingAttribute } from '../tensorflow/backend.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { runOp } from '../tensorflow/run-op.js';
import type * as tf from '../tensorflow/tf.js';
import { attrValuesOf } from '../tracing/attr-value.js';
import { sampleTensor } from '../tracing/trace.js';
import { currentTape } from '../tracing/tape.js';

/** The result that an op is assumed to give while it is traced. */
export interface SampleResult {
  readonly dtype: DType;
  /** Sizes; null for one that depends on values, which is made up. */
  readonly shape: readonly (number | null)[];
}

/**
 * Runs an op whose result's sizes depend on values, such as the decoding of an image. While tracing there are no values, so
 * it does not run: it is recorded with a made-up result.
 */
export function callOp(
  op: string,
  attributes: readonly BindingAttribute[],
  inputs: readonly tf.Tensor[],
  { dtype, shape }: SampleResult,
): tf.Tensor {
  const tape = currentTape();
  if (!tape) return runOp(op, [...attributes], [...inputs]);
  const sizes = shape.map((size) => size ?? tape.freshSize());
  const output = withListener(null, () => sampleTensor({ dtype: tfjsDtype(dtype) }, sizes));
  tape.record({ op, attributes: attrValuesOf(attributes), inputs, outputs: [output] });
  return output;
}
