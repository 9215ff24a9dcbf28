import { attribute } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { callOp } from './call-op.js';
import { currentTape } from './tracing-tape.js';

/** Sizes of a random tensor: numbers, or int32 scalars that only a call knows; or all of them as an int32 vector. */
export type RandomShape = readonly (number | tf.Tensor)[] | tf.Tensor;

/**
 * Draws from [min, max), anew at every call: in a graph, when it runs, where `tf.randomUniform` would draw once, while it is
 * traced.
 *
 * @param seed A whole number: a graph that is compiled anew draws the same values in the same order. Default: others each time.
 * @returns float32
 */
export function randomUniform(shape: RandomShape, min = 0, max = 1, seed?: number): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(draw('RandomUniform', shape, seed), max - min), min));
}

/**
 * Draws from a normal distribution, anew at every call.
 *
 * @returns float32
 */
export function randomNormal(shape: RandomShape, mean = 0, standardDeviation = 1): tf.Tensor {
  return tf.tidy(() => tf.add(tf.mul(draw('RandomStandardNormal', shape), standardDeviation), mean));
}

function draw(op: string, shape: RandomShape, seed?: number): tf.Tensor {
  const vector = shapeTensor(shape);
  const attributes = [
    // TensorFlow takes two zeros for no seed.
    attribute.int('seed', seed ?? 0),
    attribute.int('seed2', seed === undefined ? 0 : 1),
    attribute.type('dtype', 'float32'),
    attribute.type('T', 'int32'),
  ];
  return callOp(op, attributes, [vector], { dtype: 'float32', shape: knownSizes(shape, vector) });
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
