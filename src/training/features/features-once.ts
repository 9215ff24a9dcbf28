import { statfsSync } from 'node:fs';

import { ImageDataset } from '../../data/dataset/image-dataset.js';
import { cacheFolder } from '../../files/cache-folder.js';
import type { Precision } from '../../tensorflow/precision.js';
import * as tf from '../../tensorflow/tf.js';
import { sizeText } from '../../text/amounts.js';
import type { Augmentation } from '../augmentation/augmentation.js';
import type { Step } from '../tfjs-step.js';
import { FeatureDataset } from './feature-dataset.js';
import { FeatureNetwork } from './feature-network.js';
import { FeatureSource, type FeatureViews } from './feature-source.js';
import { findFrozenPrefix, type FrozenPrefix } from './frozen-prefix.js';

/** The data of a training, and how it is read. */
export interface FeaturesOnceOptions {
  readonly dataset: unknown;
  readonly validationData: unknown;
  /** Changes to the images that are trained on, and in how many ways. Default: none. */
  readonly views: { readonly augmentation: Augmentation; readonly count: number } | null;
  /** Numbers that features are computed with. Default: `float32`. */
  readonly precision?: Precision | undefined;
  /** Called with sentences about what is computed. */
  readonly onNote: (note: string) => void;
}

/** The datasets of a training on features. */
export interface FeatureDatasets {
  readonly dataset: FeatureDataset;
  /** As it was given, if it is not an ImageDataset. */
  readonly validationData: unknown;
}

/**
 * Computes once what is the same in every epoch of a training: the part of the model before its first trained layer. The steps then take its output,
 * the features, instead of images (docs/decisions/0021).
 */
export class FeaturesOnce {
  readonly #network: FeatureNetwork;
  readonly #sources: FeatureSource[] = [];

  private constructor(
    private readonly model: tf.LayersModel,
    readonly prefix: FrozenPrefix,
    private readonly options: FeaturesOnceOptions & { readonly dataset: ImageDataset },
  ) {
    const { views, precision } = options;
    this.#network = new FeatureNetwork(model, prefix, { augmentation: views?.augmentation, precision });
  }

  /** @returns Null where nothing is frozen, where the images are not an ImageDataset's, or where the features would not fit. */
  static find(model: tf.LayersModel, options: FeaturesOnceOptions): FeaturesOnce | null {
    const { dataset, validationData, views, onNote } = options;
    if (!(dataset instanceof ImageDataset)) return null;
    const prefix = findFrozenPrefix(model);
    if (!prefix) return null;
    const validation = validationData instanceof ImageDataset ? [validationData] : [];
    const problem = doNotFit(prefix, [...Array.from({ length: views?.count ?? 1 }, () => dataset), ...validation]);
    if (problem === null) return new FeaturesOnce(model, prefix, { ...options, dataset });
    onNote(`What lies up to ${prefix.layer} is frozen, but is computed in every epoch: ${problem}`);
    return null;
  }

  /** Datasets of features instead of images. */
  datasets(): FeatureDatasets {
    const { dataset, validationData, views } = this.options;
    const augment = (images: tf.Tensor, number: number) => this.#network.augment(images, number);
    const source = this.#sourceOf(dataset, views && { count: views.count, augment });
    if (!(validationData instanceof ImageDataset))
      return { dataset: new FeatureDataset(dataset, source), validationData };
    const validation = this.#sourceOf(validationData, null);
    const also = [validation];
    return {
      dataset: new FeatureDataset(dataset, source, also),
      validationData: new FeatureDataset(validationData, validation),
    };
  }

  #sourceOf(images: ImageDataset, views: FeatureViews | null): FeatureSource {
    const { shape } = this.prefix;
    const isStopped = () => this.model.stopTraining;
    const source = new FeatureSource(images, this.#network, { shape, onNote: this.options.onNote, isStopped, views });
    this.#sources.push(source);
    return source;
  }

  /** A step on features that takes images as well: a callback may evaluate any dataset of images. */
  takingImages(step: Step): Step {
    return ([first, ...others]) => {
      const [, ...shape] = first?.shape ?? [];
      if (!first || tf.util.arraysEqual(shape, [...this.prefix.shape]))
        return step([...(first ? [first] : []), ...others]);
      const features = this.#network.run(first);
      try {
        return step([features, ...others]);
      } finally {
        features.dispose();
      }
    };
  }

  dispose(): void {
    for (const source of this.#sources) source.dispose();
    this.#network.dispose();
  }
}

/** Reading more than this from the disk would take longer than computing it again. */
const mostBytesPerImage = 4 * 2 ** 20;

/** Says why features of datasets do not fit into memory and onto the disk; null if they do. */
function doNotFit({ shape }: FrozenPrefix, datasets: readonly ImageDataset[]): string | null {
  const bytes = tf.util.sizeFromShape([...shape]) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > mostBytesPerImage) return `it is ${sizeText(bytes)} per image, more than ${sizeText(mostBytesPerImage)}.`;
  const beyond = datasets.reduce(
    (sum, { imageCount, cacheMebibytes }) => sum + Math.max(0, imageCount * bytes - cacheMebibytes * 2 ** 20),
    0,
  );
  const free = beyond === 0 ? Infinity : freeBytes();
  if (beyond * 1.1 < free) return null;
  return `it takes ${sizeText(beyond)} beyond the memory for it (--cache), and the disk of ${cacheFolder()} has ${sizeText(free)}.`;
}

function freeBytes(): number {
  try {
    const { bavail, bsize } = statfsSync(cacheFolder());
    return bavail * bsize;
  } catch {
    // The folder does not exist yet: the store finds out whether it can be made.
    return Infinity;
  }
}
