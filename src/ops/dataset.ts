import { SignetError } from '../errors.js';
import { dataTypeOf } from '../tensorflow/data-type.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { type Body, traceBody } from '../tracing/body.js';
import { CapturedTensors } from '../tracing/captured-tensors.js';
import { currentTape, type OpRecord, type Tape } from '../tracing/tape.js';
import type { TensorSpec } from '../tracing/tensor-spec.js';
import { sampleTensor } from '../tracing/trace.js';

/**
 * TensorFlow's own data sets, tf.data, as ops of a graph: their threads are TensorFlow's and compute while JavaScript does something else. These ops
 * exist only in a graph.
 *
 * Source: tensorflow/core/ops/dataset_ops.cc and experimental_dataset_ops.cc.
 */

/** A data set, an iterator or a queue: other ops take it, but nothing computes with it. */
export type Handle = tf.Tensor;

/** The numbers from 0 to 2^31 - 2, practically without end: one int64 scalar per element. */
export function counterDataset(): Handle {
  const attributes = { output_types: attr.types([DataType.DT_INT64]), output_shapes: attr.shapes([[]]) };
  return recordHandle('RangeDataset', attributes, [0, 2 ** 31 - 1, 1].map(int64));
}

/** How `mapDataset` runs its function. */
export interface MapDatasetOptions {
  /** Spec of the function's argument. */
  readonly from: TensorSpec;
  /** Spec of the function's result. */
  readonly to: TensorSpec;
  /** Number of elements that are computed in parallel; they keep their order. Default: 1, computed only when it is requested. */
  readonly parallelCalls?: number;
}

/** Calls a function on every element. If an element fails, taking it is an error; the next one can still be taken. */
export function mapDataset(
  dataset: Handle,
  fn: (element: tf.Tensor) => tf.Tensor,
  { from, to, parallelCalls }: MapDatasetOptions,
): Handle {
  const tape = requireTape('mapDataset');
  const input = { name: 'element', dataType: dataTypeOf(from.dtype), sample: sampleOf(tape, from) };
  const body = traceBody({
    attribute: 'f',
    inputs: [input],
    captured: new CapturedTensors(tape),
    fn: (element) => [fn(element)],
  });
  const attributes = { ...elementAttributes(to), Targuments: attr.types([]) };
  if (parallelCalls === undefined) return recordHandle('MapDataset', attributes, [dataset], [body]);
  const parallel = { ...attributes, deterministic: attr.string('true') };
  return recordHandle('ParallelMapDatasetV2', parallel, [dataset, int64(parallelCalls)], [body]);
}

/** Computes elements ahead of their use, up to a number of them. */
export function prefetchDataset(dataset: Handle, bufferSize: number, element: TensorSpec): Handle {
  return recordHandle('PrefetchDataset', elementAttributes(element), [dataset, int64(bufferSize)]);
}

/**
 * Keeps TensorFlow from tuning a data set while it runs. The thread that tunes misses the request to end if it is just about to wait. It then sleeps
 * for up to a minute, and the caller who frees the session waits for it. Without tuning, numbers of calls and buffers must be given.
 *
 * Source: `Model::OptimizeLoop` in tensorflow/core/framework/model.cc.
 */
export function untunedDataset(dataset: Handle, element: TensorSpec): Handle {
  const attributes = { serialized_options: attr.string(untuned), metadata: attr.string('') };
  return recordHandle('OptionsDataset', { ...elementAttributes(element), ...attributes }, [dataset]);
}

/** `autotune_options { enabled: false }`. Source: tensorflow/core/framework/dataset_options.proto. */
const untuned = '\x3a\x02\x08\x00';

/** The iterator with this name; a session has only one. */
export function namedIterator(name: string, element: TensorSpec): Handle {
  const attributes = { container: attr.string(''), shared_name: attr.string(name) };
  return recordHandle('IteratorV2', { ...elementAttributes(element), ...attributes }, []);
}

/** Sets an iterator to the beginning of a data set. */
export function makeIterator(dataset: Handle, iterator: Handle): void {
  requireTape('makeIterator').record({ op: 'MakeIterator', attributes: {}, inputs: [dataset, iterator], outputs: [] });
}

/** The next element; waits until it is there. */
export function iteratorGetNext(iterator: Handle, element: TensorSpec): tf.Tensor {
  const output = sampleOf(requireTape('iteratorGetNext'), element);
  record({ op: 'IteratorGetNext', attributes: elementAttributes(element), inputs: [iterator], outputs: [output] });
  return output;
}

/** Records an op that gives a handle. */
export function recordHandle(
  op: string,
  attributes: OpRecord['attributes'],
  inputs: OpRecord['inputs'],
  bodies: readonly Body[] = [],
): Handle {
  const handle = withListener(null, () => tf.scalar(0));
  record({ op, attributes, inputs, outputs: [handle], bodies });
  return handle;
}

/** Made-up elements, while tracing. */
export function sampleOf(tape: Tape, spec: TensorSpec): tf.Tensor {
  const sizes = (spec.shape ?? []).map((size) => (typeof size === 'number' ? size : tape.freshSize()));
  return withListener(null, () => sampleTensor(spec, sizes));
}

/** @throws SignetError `NOT_TRACEABLE` outside of a graph. */
export function requireTape(what: string): Tape {
  const tape = currentTape();
  if (tape) return tape;
  throw new SignetError(
    'NOT_TRACEABLE',
    `${what} is there in graphs only. Call it inside of a tfFunction that is compiled.`,
  );
}

function record(op: OpRecord): void {
  requireTape(op.op).record(op);
}

function int64(value: number): OpRecord['inputs'][number] {
  return requireTape('a data set').int64Constant(withListener(null, () => tf.scalar(value, 'int32')));
}

function elementAttributes({ dtype, sizes }: TensorSpec) {
  return { output_types: attr.types([dataTypeOf(dtype)]), output_shapes: attr.shapes([sizes]) };
}
