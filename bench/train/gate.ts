import { tf } from '../../src/index.js';
import type { Task } from './side.js';

/** Supplies batches of random images while a slice is measured, and makes the training wait in between. */
export class Gate {
  #left = 0;
  #start = 0;
  #isClosed = false;
  #finish: (seconds: number) => void = () => undefined;
  #wake: () => void = () => undefined;
  readonly #pixels: Float32Array;
  readonly #labels: Int32Array;

  constructor(private readonly task: Task) {
    const { size, classes, batch } = task;
    this.#pixels = Float32Array.from({ length: batch * size * size * 3 }, () => Math.random() * 255);
    this.#labels = Int32Array.from({ length: batch }, () => Math.floor(Math.random() * classes));
  }

  /** @returns The seconds that the steps took. */
  open(steps: number): Promise<number> {
    this.#left = steps;
    this.#start = performance.now();
    this.#wake();
    return new Promise((resolve) => (this.#finish = resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *batches() {
    const { size, batch } = this.task;
    for (;;) {
      if (this.#left === 0) {
        this.#finish((performance.now() - this.#start) / 1000);
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#isClosed) return;
      this.#left -= 1;
      yield { xs: tf.tensor4d(this.#pixels, [batch, size, size, 3]), ys: tf.tensor1d(this.#labels, 'int32') };
    }
  }
}
