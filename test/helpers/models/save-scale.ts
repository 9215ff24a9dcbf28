import path from 'node:path';

import { decodeImage } from '../../../src/ops/decode-image.js';
import { mapFn } from '../../../src/ops/map-fn.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';

/** Multiplies by a factor, so that an answer tells which version gave it. */
class Scale extends Servable {
  readonly #factor: number;

  constructor(factor: number) {
    super();
    this.#factor = factor;
  }

  readonly scale = tfFunction((x: tf.Tensor) => ({ y: x.mul(this.#factor), twice: x.mul(2) }), {
    inputSignature: { x: tensorSpec('float32', [null, null]) },
  });

  readonly means = tfFunction(
    (pictures: tf.Tensor) => ({ mean: mapFn((bytes: tf.Tensor) => decodeImage(bytes).mean(), pictures) }),
    { inputSignature: { pictures: tensorSpec('string', [null]) } },
  );

  readonly two = tfFunction((x: tf.Tensor, n: tf.Tensor) => ({ y: x.mul(1), m: n.mul(1) }), {
    inputSignature: { x: tensorSpec('float32', [null, 2]), n: tensorSpec('int64', [null]) },
  });

  readonly total = tfFunction((x: tf.Tensor) => ({ sum: x.sum() }), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });
}

/**
 * Saves a small SavedModel as `FOLDER/VERSION`. Signatures: `serving_default` (x float32 [?, ?] to y = x * factor, and twice),
 * `means` (pictures string [?] to mean [?]), `two` (x float32 [?, 2], n int64 [?] to y, m), `total` (x float32 [?] to sum []).
 *
 * @param factor Default: the version.
 */
export async function saveScale(folder: string, version: number | string, factor = Number(version)): Promise<string> {
  const directory = path.join(folder, String(version));
  const model = new Scale(factor);
  const { scale, means, two, total } = model;
  await model.save(directory, { signatures: { serving_default: scale, means, two, total } });
  return directory;
}
