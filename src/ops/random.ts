import { withListener } from '../tensorflow/mended/op-listener.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attribute } from '../tensorflow/run-op.js';
import { runWithUint64 } from '../tensorflow/run-with-uint64.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import { callOp } from './call-op.js';
import { nextCounter } from './random-step.js';

/** Sizes of a random tensor: numbers, or int32 scalars that only a call knows; or all of them as an int32 vector. */
export type RandomShape = readonly (number | tf.Tensor)[] | tf.Tensor;

/**
 * Draws from [min, max) at every call. In a graph it draws when the graph runs, whereas `tf.randomUniform` would draw once, while it is traced.
 *
 * @param seed A whole number: a graph that is compiled again draws the same values in the same order, and within `withRandomStep`, as in a training
 *   step, what is drawn depends on nothing but the seed, the step and which draw of the step it is. Default: different values each time.
 * @returns float32
 */
export function randomUniform(shape: RandomShape, min = 0, max = 1, seed?: number): tf.Tensor {
  return tf.tidy(() => {
    const sizes = sizesOf(shape);
    const counter = seed === undefined ? null : nextCounter();
    const drawn =
      seed !== undefined && counter ? uniformByCounter(seed, counter, sizes) : draw('RandomUniform', sizes, seed);
    return tf.add(tf.mul(drawn, max - min), min);
  });
}

/**
 * Draws from a normal distribution at every call.
 *
 * @param seed Like the seed of `randomUniform`.
 * @returns float32
 */
export function randomNormal(shape: RandomShape, mean = 0, standardDeviation = 1, seed?: number): tf.Tensor {
  return tf.tidy(() => {
    const sizes = sizesOf(shape);
    const counter = seed === undefined ? null : nextCounter();
    const drawn =
      seed !== undefined && counter ? normalByCounter(seed, counter, sizes) : draw('RandomStandardNormal', sizes, seed);
    return tf.add(tf.mul(drawn, standardDeviation), mean);
  });
}

/** Sizes of what is drawn. */
interface Sizes {
  /** int32 vector. */
  readonly vector: tf.Tensor;
  /** Those that are known, null for the others. */
  readonly known: readonly (number | null)[];
}

/** Draws by an op that continues from draw to draw. */
function draw(op: string, { vector, known }: Sizes, seed?: number): tf.Tensor {
  const attributes = [
    // TensorFlow takes two zeros for no seed.
    attribute.int('seed', seed ?? 0),
    attribute.int('seed2', seed === undefined ? 0 : 1),
    attribute.type('dtype', 'float32'),
    attribute.type('T', 'int32'),
  ];
  return callOp(op, attributes, [vector], { dtype: 'float32', shape: known });
}

/** 24 of the bits that were drawn, which is all that a float32 keeps of them, as a number in [0, 1). */
function uniformByCounter(seed: number, counter: tf.Tensor, sizes: Sizes): tf.Tensor {
  const bits = bitsByCounter(seed, counter, sizes);
  const mask = tf.scalar(2 ** 24 - 1, 'int32');
  const result = { dtype: 'int32', shape: sizes.known } as const;
  const kept = callOp('BitwiseAnd', [attribute.type('T', 'int32')], [bits, mask], result);
  return tf.mul(tf.cast(kept, 'float32'), 2 ** -24);
}

/** Box and Muller, "A note on the generation of random normal deviates", 1958. */
function normalByCounter(seed: number, counter: tf.Tensor, { vector, known }: Sizes): tf.Tensor {
  const twice = { vector: tf.concat([tf.tensor1d([2], 'int32'), vector]), known: [2, ...known] };
  const [a, b] = tf.unstack(uniformByCounter(seed, counter, twice));
  if (!a || !b) throw new Error('unreachable: there are two');
  // 1 - a is never 0.
  const radius = tf.sqrt(tf.mul(tf.log(tf.sub(1, a)), -2));
  return tf.mul(radius, tf.cos(tf.mul(b, 2 * Math.PI)));
}

/** Philox, by the number that TensorFlow has for it: core/framework/rng_alg.h. */
const philox = 1;

/**
 * All the bits of int32 numbers, by Philox (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with the seed for its key.
 *
 * Bits, because XLA draws the same bits as TensorFlow but makes different floats of them. It also derives a different key and counter from a seed.
 *
 * @param counter int32 [2, 2]
 */
function bitsByCounter(seed: number, counter: tf.Tensor, { vector, known }: Sizes): tf.Tensor {
  const op = 'StatelessRandomUniformFullIntV2';
  const attributes = [attribute.type('dtype', 'int32'), attribute.type('Tshape', 'int32')];
  const key = tf.tensor2d([seed | 0, Math.floor(seed / 2 ** 32) | 0], [1, 2], 'int32');
  const algorithm = tf.scalar(philox, 'int32');
  const tape = currentTape();
  if (!tape) return runWithUint64(op, attributes, [vector, key, counter, algorithm], [1, 2]);
  const inputs = [vector, asUint64(tape, key), asUint64(tape, counter), algorithm];
  return callOp(op, attributes, inputs, { dtype: 'int32', shape: known });
}

/** Pairs of int32 as the uint64 that they are in the graph; TF.js, which has none, is shown int32. */
function asUint64(tape: Tape, pairs: tf.Tensor): tf.Tensor {
  const output = withListener(null, () => tf.zeros(pairs.shape.slice(0, -1), 'int32'));
  const attributes = { T: attr.type(DataType.DT_INT32), type: attr.type(DataType.DT_UINT64) };
  tape.record({ op: 'Bitcast', attributes, inputs: [pairs], outputs: [output] });
  return output;
}

function sizesOf(shape: RandomShape): Sizes {
  const vector = shapeTensor(shape);
  return { vector, known: knownSizes(shape, vector) };
}

function shapeTensor(shape: RandomShape): tf.Tensor {
  if (shape instanceof tf.Tensor) return shape.rank === 0 ? tf.reshape(shape, [1]) : shape;
  if (shape.length === 0) return tf.tensor1d([], 'int32');
  if (shape.every((size) => typeof size === 'number')) return tf.tensor1d([...shape], 'int32');
  return tf.stack(shape.map((size) => (typeof size === 'number' ? tf.scalar(size, 'int32') : tf.reshape(size, []))));
}

function knownSizes(shape: RandomShape, vector: tf.Tensor): (number | null)[] {
  if (!(shape instanceof tf.Tensor)) return shape.map((size) => (typeof size === 'number' ? size : null));
  if (currentTape()?.isDynamic(vector)) return new Array<null>(vector.size).fill(null);
  return [...vector.dataSync()];
}
