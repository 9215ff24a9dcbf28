import { SignetError } from '../errors.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { traceBody } from '../tracing/body.js';
import { CapturedTensors } from '../tracing/captured-tensors.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import { sampleOfType, type TfFunctionResult } from '../tracing/trace.js';
import { checkSameNames, flatten, unflatten } from './flat-result.js';
import { currentRandomStep, drawingBodies } from './random-step.js';

/**
 * Calls `body` on every element of the first dimension and stacks the results; in a graph, several elements at once.
 *
 * Inside the body, sizes may differ from element to element, as those of decoded images do.
 *
 * @param body Takes an element, without the first dimension; returns a tensor, or tensors by name, of the same shapes for every element. It may use
 *   any tensor or variable of its surroundings, but must not assign variables.
 * @param elements [n, ...], or several with the same n, of which the body gets an element each.
 * @returns [n, ...body's result]
 * @throws SignetError `INVALID_SHAPE` when the results' shapes differ.
 */
export function mapFn<Result extends TfFunctionResult>(
  body: (...element: tf.Tensor[]) => Result,
  elements: tf.Tensor | readonly tf.Tensor[],
): Result {
  const all = elements instanceof tf.Tensor ? [elements] : elements;
  checkElements(all);
  const tape = currentTape();
  if (!currentRandomStep()) return tape ? recordMap(tape, body, all) : tf.tidy(() => mapEagerly(body, all));
  const runBody = drawingBodies();
  const drawing = (index: tf.Tensor, ...element: tf.Tensor[]) => runBody(index, () => body(...element));
  if (tape) return recordMap(tape, drawing, [indicesOf(all), ...all]);
  return tf.tidy(() => mapEagerly(drawing, [indicesOf(all), ...all]));
}

/** Which element each one is, int32 [n]. */
function indicesOf([first]: readonly tf.Tensor[]): tf.Tensor {
  return tf.cumsum(tf.ones([first?.shape[0] ?? 0], 'int32'), 0, true);
}

function mapEagerly<Result extends TfFunctionResult>(
  body: (...element: tf.Tensor[]) => Result,
  all: readonly tf.Tensor[],
): Result {
  const columns = all.map((elements) => tf.unstack(elements));
  const count = columns[0]?.length ?? 0;
  if (count === 0) throw new SignetError('INVALID_SHAPE', 'mapFn takes at least one element. Received: none.');
  const results = Array.from({ length: count }, (_, row) =>
    flatten(body(...columns.flatMap((column) => column[row] ?? []))),
  );
  const [first] = results;
  const names = first?.names ?? null;
  results.forEach((result) => checkSameNames('All elements of mapFn', names, result.names));
  const stacked = (first?.tensors ?? []).map((_, i) => stack(results.flatMap(({ tensors }) => tensors[i] ?? [])));
  return unflatten(names, stacked) as Result;
}

function stack(results: readonly tf.Tensor[]): tf.Tensor {
  const [first] = results;
  const other = results.find(({ shape }) => shape.join() !== first?.shape.join());
  if (!other || !first) return tf.stack([...results]);
  throw new SignetError(
    'INVALID_SHAPE',
    `The body of mapFn returns the same shape for every element. Received: [${first.shape.join(', ')}] and ` +
      `[${other.shape.join(', ')}]. Resize or pad inside the body.`,
  );
}

function recordMap<Result extends TfFunctionResult>(
  tape: Tape,
  body: (...element: tf.Tensor[]) => Result,
  all: readonly tf.Tensor[],
): Result {
  const captured = new CapturedTensors(tape);
  const inputs = all.map((elements, i) => {
    const dataType = tape.dataTypeOf(elements);
    const sample = withListener(null, () => sampleOfType(dataType, elements.shape.slice(1)));
    return { name: `element_${i}`, dataType, sample };
  });
  let names: string[] | null = null;
  const fn = (...element: tf.Tensor[]) => {
    const flat = flatten(body(...element));
    names = flat.names;
    return flat.tensors;
  };
  const traced = traceBody({ attribute: 'f', inputs, captured, fn });
  const types = traced.resultTypes;
  const count = all[0]?.shape[0] ?? 0;
  const outputs = withListener(null, () =>
    traced.results.map(({ shape }, i) => sampleOfType(types[i] ?? 0, [count, ...shape])),
  );
  tape.record({
    op: 'MapDefun',
    attributes: {
      Targuments: attr.types(inputs.map(({ dataType }) => dataType)),
      Tcaptured: attr.types(captured.values.map(({ node, output }) => node.outputs[output]?.dataType ?? 0)),
      output_types: attr.types(types),
    },
    inputs: [...all, ...captured.values],
    outputs,
    bodies: [traced],
    bodyAttributes: ([graph]) => ({ output_shapes: attr.shapes(graph?.outputs.map(({ spec }) => spec.sizes) ?? []) }),
  });
  return unflatten(names, outputs) as Result;
}

function checkElements(all: readonly tf.Tensor[]): void {
  const [first] = all;
  const wrong = all.find(({ rank, shape }) => rank === 0 || shape[0] !== first?.shape[0]);
  if (first && !wrong) return;
  throw new SignetError(
    'INVALID_SHAPE',
    `mapFn takes one or more tensors [n, ...] with the same n. Received: ${all.map(({ shape }) => `[${shape.join(', ')}]`).join(', ') || 'none'}.`,
  );
}
