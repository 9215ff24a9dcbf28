import { dataTypeOf, type DType } from '../tensorflow/data-type.js';
import { withListener } from '../tensorflow/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import type { Tape } from '../tracing/tape.js';
import { type TensorSpec, tensorSpec } from '../tracing/tensor-spec.js';
import { traceBody } from '../tracing/tf-function.js';
import { sampleTensor } from '../tracing/trace.js';
import { bodySpec } from './cond.js';
import { stringElements } from './strings.js';
import { currentTape } from './tracing-tape.js';

/**
 * Calls `body` on every element of the first dimension and stacks the results; in a graph, several elements at once.
 *
 * @param body Takes an element, without the first dimension; returns one tensor, of the same shape for every element. It
 * uses no variable.
 * @param elements [n, ...]
 * @param elementSpec What the body accepts. Default: the elements' own type and shape.
 * @returns [n, ...body's result]
 */
export function mapFn(
  body: (element: tf.Tensor) => tf.Tensor,
  elements: tf.Tensor,
  elementSpec: TensorSpec = tensorSpec(elements.dtype as DType, elements.shape.slice(1)),
): tf.Tensor {
  const tape = currentTape();
  if (tape) return recordMap(tape, body, elements, elementSpec);
  return tf.tidy(() => {
    const each = elements.dtype === 'string' && elements.rank === 1 ? stringElements(elements) : tf.unstack(elements);
    return tf.stack(each.map((element) => body(element)));
  });
}

function recordMap(
  tape: Tape,
  body: (element: tf.Tensor) => tf.Tensor,
  elements: tf.Tensor,
  elementSpec: TensorSpec,
): tf.Tensor {
  const graph = withListener(null, () => traceBody('map_body', body, { element: elementSpec }));
  const spec = bodySpec(graph);
  const inner = (spec.sizes ?? []).map((size) => (size === -1 ? tape.freshSize() : size));
  const output = withListener(null, () => sampleTensor(spec, [elements.shape[0], ...inner]));
  tape.record({
    op: 'MapDefun',
    attributes: {
      Targuments: attr.types([dataTypeOf(elementSpec.dtype)]),
      Tcaptured: attr.types([]),
      output_types: attr.types([dataTypeOf(spec.dtype)]),
      output_shapes: attr.shapes([spec.sizes]),
      f: attr.func(graph.name),
    },
    inputs: [elements],
    outputs: [output],
    functions: [graph],
  });
  return output;
}
