import { headNames, publishedHeadNames } from './head.js';
import type { KerasWeightFile } from '../keras/keras-layer.js';
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
  /** Whether any layer is a dense one; files for backbones alone have none. */
  readonly hasDense: boolean;
}

/**
 * Finds the last layer of a classifier in a weight file of Keras or a SavedModel's directory, without reading any weights.
 *
 * @throws SignetError `INVALID_WEIGHTS` when there is no such file, it is no weight file of Keras or damaged; `INVALID_SAVED_MODEL`.
 */
export function findHead(file: string): Promise<HeadOfFile> {
  return withWeightFile(file, headOf);
}

function headOf({ layers }: KerasWeightFile): HeadOfFile {
  const dense = layers.flatMap(({ name, weights }) => {
    // MobileNetV3 was published with a convolution of one pixel in the place of each dense layer.
    const kernel = weights[0]?.shape ?? [];
    const isOnePixel = kernel.length === 4 && publishedHeadNames.includes(name) && kernel[0] === 1 && kernel[1] === 1;
    const shape = isOnePixel ? kernel.slice(2) : kernel;
    return shape.length === 2 ? [{ name, classes: shape[1] ?? 0 }] : [];
  });
  const head = dense.find(({ name }) => name === headNames.own || publishedHeadNames.includes(name));
  return { head: head ?? null, hasDense: dense.length > 0 };
}
