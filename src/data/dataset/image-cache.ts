import * as tf from '../../tensorflow/tf.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';

/** Decoded pixels of a data set that is small enough, by file. */
export class ImageCache {
  readonly #pixels = new Map<string, Float32Array>();
  readonly #values: number;

  /** @param shape Height, width and channels of an image. */
  constructor(private readonly shape: readonly [height: number, width: number, channels: number]) {
    this.#values = tf.util.sizeFromShape([...shape]);
  }

  has(files: readonly ImageFile[]): boolean {
    return files.every(({ path }) => this.#pixels.has(path));
  }

  /** @param images float32 [n, height, width, channels], of the files. */
  add(files: readonly ImageFile[], images: tf.Tensor4D): void {
    const all = images.dataSync<'float32'>();
    files.forEach(({ path }, i) => this.#pixels.set(path, all.slice(i * this.#values, (i + 1) * this.#values)));
  }

  /** @returns float32 [n, height, width, channels]; the caller owns it. */
  take(files: readonly ImageFile[]): tf.Tensor4D {
    const all = new Float32Array(files.length * this.#values);
    files.forEach(({ path }, i) => all.set(this.#pixels.get(path) ?? [], i * this.#values));
    return tf.tensor4d(all, [files.length, ...this.shape]);
  }
}
