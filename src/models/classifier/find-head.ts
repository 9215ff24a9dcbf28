import { headNames, publishedHeadNames } from './head.js';
import type { KerasWeightFile } from '../keras/keras-layer.js';
import type * as tf from '../../tensorflow/tf.js';
import { withWeightFile } from '../keras/with-weight-file.js';

/** The layer of a weight file that gives the logits. */
export interface Head {
  readonly name: string;
  readonly classes: number;
}

/** Head of a network in a weight file. */
export interface HeadOfFile {
  /** `null` when no layer has one of the names that Signet and Keras Applications give to it. */
  readonly head: Head | null;
  /** All dense layers, of which another may be the head; files for backbones alone have none. */
  readonly dense: readonly Head[];
}

/**
 * Finds the last layer of a classifier in a weight file of Keras or a SavedModel's directory, without reading any weights.
 *
 * @throws SignetError `INVALID_WEIGHTS` when there is no such file, it is not a weight file of Keras or damaged; `INVALID_SAVED_MODEL`.
 */
export function findHead(file: string): Promise<HeadOfFile> {
  return withWeightFile(file, headOf);
}

/**
 * Finds the head among the dense layers of a file, if Keras generated its name: the only dense layer for which the model has no layer.
 *
 * @returns null when there are several, or none.
 */
export function otherHead(dense: readonly Head[], model: tf.LayersModel): Head | null {
  const names = new Set(model.layers.map(({ name }) => name));
  const [head, ...others] = dense.filter(({ name }) => !names.has(name));
  return head && others.length === 0 ? head : null;
}

function headOf({ layers }: KerasWeightFile): HeadOfFile {
  const dense = layers.flatMap(({ name, weights }) => {
    // MobileNetV3 was published with a convolution of one pixel in place of each dense layer.
    const kernel = weights[0]?.shape ?? [];
    const isOnePixel = kernel.length === 4 && publishedHeadNames.includes(name) && kernel[0] === 1 && kernel[1] === 1;
    const shape = isOnePixel ? kernel.slice(2) : kernel;
    return shape.length === 2 ? [{ name, classes: shape[1] ?? 0 }] : [];
  });
  const head = dense.find(({ name }) => name === headNames.own || publishedHeadNames.includes(name));
  return { head: head ?? null, dense };
}
