import { type Labeled, labelsOf } from '../../data/scan/image-scan.js';
import type { ModelDescription } from '../../models/classifier/model-description.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { readThresholds } from '../../models/classifier/read-thresholds.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import { argMax } from '../agreement.js';
import { probabilityOf } from '../classification-metrics.js';
import { type EvaluationResult, type Metrics, multiLabelMetrics, oneClassMetrics } from '../metrics.js';
import { reachesThreshold } from '../multi-label/best-threshold.js';
import { callWithBytes, type ImageBytes } from '../signature-calls.js';
import { positionsByName } from './comparable-images.js';

/** A model on disk. */
export interface DescribedModel {
  readonly directory: string;
  /** What it was made from; null where it does not say so. */
  readonly description: ModelDescription | null;
}

/** What a model takes an image for. */
export interface Answer {
  /** Positions in the `classNames` of its `ComparedModel`: one, or any number of a multi-label model; none where a logit is NaN or infinite. */
  readonly labels: readonly number[];
  /** Probability of the one class; null for a multi-label model, and without a class. */
  readonly probability: number | null;
  /** Classes that it is wrong about: 0 or 1 where an image has one class. */
  readonly mistakes: number;
}

/** Judges the logits of an image, [classes]. */
type Judge = (logits: Float32Array, image: Labeled) => Answer;

/** One of two models that answer the same images. */
export class ComparedModel {
  #milliseconds = 0;
  #images = 0;

  private constructor(
    private readonly model: LoadedSavedModel,
    /** Classes that it answers with: the common ones, and unless it is multi-label then its own. */
    readonly classNames: readonly string[],
    /** Position of each of them among the model's logits. */
    readonly positions: readonly number[],
    private readonly metrics: Metrics<EvaluationResult>,
    private readonly judge: Judge,
  ) {}

  /**
   * Loads a model.
   *
   * @param common Classes that both models have, of which images are.
   * @throws SignetError `INVALID_SAVED_MODEL`.
   */
  static async open(
    { directory, description }: DescribedModel,
    common: readonly string[],
    isMultiLabel: boolean,
  ): Promise<ComparedModel> {
    const own = await readClassNames(directory);
    const positionOf = positionsByName(own);
    const first = common.map(positionOf);
    const taken = new Set(first);
    const others = [...own.keys()].filter((position) => !taken.has(position));
    const positions = isMultiLabel ? first : [...first, ...others];
    const classNames = positions.map((position) => own[position] ?? '');
    const model = await LoadedSavedModel.load(directory);
    try {
      model.signature('serving_bytes');
      if (isMultiLabel) {
        const all = await readThresholds(directory, own.length);
        const thresholds = positions.map((position) => all[position] ?? NaN);
        const metrics = multiLabelMetrics(classNames, thresholds);
        return new ComparedModel(model, classNames, positions, metrics, multiLabelJudge(thresholds));
      }
      const { temperature = 1 } = description?.confidence ?? {};
      const metrics = oneClassMetrics(classNames, temperature);
      return new ComparedModel(model, classNames, positions, metrics, oneClassJudge(temperature));
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** Answers a batch of images, and counts them. Blocks the thread meanwhile. */
  answer(images: readonly ImageBytes[]): Answer[] {
    const { logits, milliseconds } = callWithBytes(this.model, images);
    this.#milliseconds += milliseconds;
    this.#images += images.length;
    const sorted = this.#inOrder(logits, images.length);
    const files = images.map(({ file }) => file);
    this.metrics.add(sorted, files);
    const classes = this.positions.length;
    return files.map((file, i) => this.judge(sorted.subarray(i * classes, (i + 1) * classes), file));
  }

  /** Measures a call with one image, in milliseconds. Blocks the thread meanwhile. */
  timeOne(image: ImageBytes): number {
    return callWithBytes(this.model, [image]).milliseconds;
  }

  /** Metrics of all images that were answered. */
  get evaluation(): EvaluationResult {
    return this.metrics.result();
  }

  get imagesPerSecond(): number {
    return this.#images / (this.#milliseconds / 1000);
  }

  dispose(): void {
    this.model.dispose();
  }

  /** The logits in the order of `classNames`. Of a model that gives too few or too many, as many as it gives: metrics refuse them. */
  #inOrder(logits: Float32Array, images: number): Float32Array {
    const { positions } = this;
    const width = logits.length / images;
    if (positions.some((position) => position >= width)) return logits;
    const sorted = new Float32Array(images * positions.length);
    for (let image = 0; image < images; image += 1) {
      for (const [i, position] of positions.entries()) {
        sorted[image * positions.length + i] = logits[image * width + position] ?? NaN;
      }
    }
    return sorted;
  }
}

const noAnswer = { labels: [], probability: null } as const;

function oneClassJudge(temperature: number): Judge {
  return (logits, { label }) => {
    if (!logits.every(Number.isFinite)) return { ...noAnswer, mistakes: 1 };
    const predicted = argMax(logits);
    const probability = probabilityOf(logits, predicted, temperature);
    return { labels: [predicted], probability, mistakes: Number(predicted !== label) };
  };
}

function multiLabelJudge(thresholds: readonly number[]): Judge {
  return (logits, image) => {
    const truth = labelsOf(image);
    const isFinite = logits.every(Number.isFinite);
    const labels = [...thresholds.keys()].filter(
      (label) => isFinite && reachesThreshold(logits[label], thresholds[label]),
    );
    const wrong = labels.filter((label) => !truth.includes(label)).length;
    const missed = truth.filter((label) => !labels.includes(label)).length;
    // As in the metrics, an image without numbers is wrong in every class.
    return { labels, probability: null, mistakes: isFinite ? wrong + missed : thresholds.length };
  };
}
