import { type Labeled, multiHot } from '../data/scan/image-scan.js';
import { ClassificationMetrics, type ClassificationResult } from './classification-metrics.js';
import { MultiLabelMetrics, type MultiLabelResult } from './multi-label/multi-label-metrics.js';

/** Result of an evaluation: of a classifier that gives each image one class, or of a multi-label one. */
export type EvaluationResult = ClassificationResult | MultiLabelResult;

/** Collects what a model answers to labelled images. */
export interface Metrics<Result> {
  /**
   * @param logits [n, classes] in C order
   * @param images n of them
   */
  add(logits: Float32Array, images: readonly Labeled[]): void;
  result(): Result;
}

/**
 * Makes metrics for a classifier that gives each image one class.
 *
 * @param temperature Divides the logits before they become probabilities; null where it is not known.
 */
export function oneClassMetrics(
  classNames: readonly string[],
  temperature: number | null,
): Metrics<ClassificationResult> {
  const metrics = new ClassificationMetrics(classNames, { temperature });
  return {
    add: (logits, images) => {
      const labels = images.map(({ label }) => label);
      metrics.add(logits, labels);
    },
    result: () => metrics.result(),
  };
}

/** Makes metrics for a multi-label classifier with a threshold for each class. */
export function multiLabelMetrics(
  classNames: readonly string[],
  thresholds: ArrayLike<number>,
): Metrics<MultiLabelResult> {
  const metrics = new MultiLabelMetrics(classNames, thresholds);
  return {
    add: (logits, images) => metrics.add(logits, multiHot(images, classNames.length)),
    result: () => metrics.result(),
  };
}
