import { deriveSeed } from '../../data/dataset/random.js';
import { randomNormal, type RandomShape, randomUniform } from '../../ops/random.js';
import type * as tf from '../../tensorflow/tf.js';

/** Random draws of a transformation in one step, in the order it asks for them: every draw has its own seed. */
export class Draws {
  #count = 0;

  constructor(private readonly seed: number) {}

  /** @returns float32, from min to less than max. */
  uniform(shape: RandomShape, min = 0, max = 1): tf.Tensor {
    return randomUniform(shape, min, max, this.#nextSeed());
  }

  /** @returns float32, of mean 0 and standard deviation 1. */
  normal(shape: RandomShape): tf.Tensor {
    return randomNormal(shape, 0, 1, this.#nextSeed());
  }

  #nextSeed(): number {
    this.#count += 1;
    return deriveSeed(this.seed, `draw ${this.#count}`);
  }
}
