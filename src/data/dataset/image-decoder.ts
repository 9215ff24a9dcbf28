import { SignetError } from '../../errors.js';
import { decodeAndResize, type ImageSize, type Preprocessing } from '../../ops/decode-and-resize.js';
import { stringVector } from '../../ops/strings.js';
import { CompiledFunctions } from '../../saved-model/run/compile.js';
import * as tf from '../../tensorflow/tf.js';
import { tensorSpec } from '../../tracing/tensor-spec.js';
import { tfFunction } from '../../tracing/tf-function.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';

/** Turns image files into tensors with the compiled function that `serving_bytes` exports. */
export class ImageDecoder {
  readonly #compiled: CompiledFunctions;

  private constructor(
    compiled: CompiledFunctions,
    readonly imageSize: ImageSize,
  ) {
    this.#compiled = compiled;
  }

  static async create(imageSize: ImageSize, preprocessing: Preprocessing): Promise<ImageDecoder> {
    const decode = tfFunction((images: tf.Tensor) => ({ images: decodeAndResize(images, imageSize, preprocessing) }), {
      inputSignature: { bytes: tensorSpec('string', [null]) },
    });
    // It decodes only a few images: rewriting its graph would take longer than they do.
    const functions = { decode: decode.getConcreteFunction() };
    return new ImageDecoder(await CompiledFunctions.compile(functions, { rewritesGraph: false }), imageSize);
  }

  /**
   * @param images Files' contents.
   * @returns float32 [n, height, width, 3], 0 to 255; the caller owns it.
   * @throws SignetError `TENSORFLOW_ERROR` when one of them cannot be decoded.
   */
  decode(images: readonly Uint8Array[]): tf.Tensor4D {
    const bytes = stringVector(images);
    try {
      return this.#compiled.call('decode', [bytes]).images as tf.Tensor4D;
    } finally {
      bytes.dispose();
    }
  }

  /** Finds which of the images cannot be decoded, with TensorFlow's reason, after `decode` has failed for them together. */
  findBroken(files: readonly ImageFile[], images: readonly Uint8Array[]): ImageProblem[] {
    return files.flatMap((file, i) => {
      try {
        this.decode([images[i] ?? new Uint8Array()]).dispose();
        return [];
      } catch (error) {
        return [{ path: file.path, kind: 'corrupt' as const, message: decodeReason(error) }];
      }
    });
  }

  dispose(): void {
    this.#compiled.dispose();
  }
}

/** TensorFlow's message up to the part about nodes of the graph. */
export function decodeReason(error: unknown): string {
  const words = error instanceof SignetError ? error.message : String(error);
  const cause = words.replace(/^.*?(?:error|Message): /s, '').split(/\n|\[\[/)[0];
  return `does not decode: ${cause?.trim() ?? 'unknown reason'}`;
}
