import type { ClassMetrics } from '../classification-metrics.js';
import { isMultiLabelResult, type MultiLabelClassMetrics } from '../multi-label/multi-label-metrics.js';
import type { Pair } from './comparable-images.js';
import type { ComparedImage, ModelComparison } from './compare-saved-models.js';
import { differenceInterval, mcNemarTest } from './paired-difference.js';

/** Figures that say which of two models is better, and how surely. An image is right if all its classes are. */
export interface ComparisonFigures {
  /** Images that both models get right. */
  readonly bothRight: number;
  /** Images about which the second model is wrong in fewer classes than the first: of one class each, right instead of wrong. */
  readonly better: number;
  /** Images about which it is wrong in more classes. */
  readonly worse: number;
  /** Images about which both are wrong in as many classes. */
  readonly bothWrong: number;
  /** Part of the images that both take for the same. */
  readonly agreement: number;
  /** How often chance alone gives a split at least as uneven into better and worse; see `mcNemarTest`. */
  readonly pValue: number;
  /** Images that are right, by model. */
  readonly right: Pair<number>;
  /** How much more often the second model is right, as a share of all images, with 95 % confidence; see `differenceInterval`. */
  readonly differenceInterval: readonly [low: number, high: number];
}

/** Computes the figures of a comparison. */
export function comparisonFigures(comparison: ModelComparison): ComparisonFigures {
  const { images } = comparison;
  const number = (isCounted: (image: ComparedImage) => boolean) => images.filter(isCounted).length;
  const [better, worse] = [number((image) => change(image) < 0), number((image) => change(image) > 0)];
  const gained = number(({ answers: [first, second] }) => first.mistakes > 0 && second.mistakes === 0);
  const lost = number(({ answers: [first, second] }) => first.mistakes === 0 && second.mistakes > 0);
  const bothRight = number(({ answers }) => answers.every(({ mistakes }) => mistakes === 0));
  return {
    bothRight,
    better,
    worse,
    bothWrong: images.length - bothRight - better - worse,
    agreement: number((image) => isSameAnswer(image, comparison)) / images.length,
    pValue: mcNemarTest(better, worse),
    right: [bothRight + lost, bothRight + gained],
    differenceInterval: differenceInterval(gained, lost, images.length),
  };
}

/** How many more classes the second model is wrong about. */
function change({ answers: [first, second] }: ComparedImage): number {
  return second.mistakes - first.mistakes;
}

function isSameAnswer({ answers }: ComparedImage, { models }: ModelComparison): boolean {
  const [first, second] = answers.map(({ labels }, i) =>
    labels.map((label) => models[i]?.classNames[label]?.normalize('NFC')).join('\n'),
  );
  return first === second;
}

/**
 * Lists the images that the second model gets wrong and the first right, or the reverse: those with the greatest change first, and of the same change those whose wrong answer
 * was given most confidently.
 */
export function changedImages({ images }: ModelComparison, direction: 'better' | 'worse'): ComparedImage[] {
  const sign = direction === 'worse' ? 1 : -1;
  const wrong = ({ answers: [first, second] }: ComparedImage) => (direction === 'worse' ? second : first).probability ?? 0; // prettier-ignore
  return images
    .filter((image) => sign * change(image) > 0)
    .sort((a, b) => sign * (change(b) - change(a)) || wrong(b) - wrong(a));
}

/** How well both models find a class. */
export interface ClassChange {
  readonly className: string;
  /** Number of images of the class. */
  readonly images: number;
  /** Part of its images that is found, or the average precision of multi-label models, by model; null without images. */
  readonly scores: Pair<number | null>;
}

/** Lists the common classes, the ones that changed most first. */
export function classChanges({ classNames, models }: ModelComparison): ClassChange[] {
  const perClass = models.map(({ evaluation }) => evaluation.perClass);
  const changes = classNames.map((className, label): ClassChange => {
    const [first, second] = perClass.map((classes) => classes[label]);
    return { className, images: first?.support ?? 0, scores: [scoreOf(first), scoreOf(second)] };
  });
  return changes.sort((a, b) => Math.abs(changeOf(b.scores) ?? 0) - Math.abs(changeOf(a.scores) ?? 0));
}

function scoreOf(metrics: ClassMetrics | MultiLabelClassMetrics | undefined): number | null {
  if (!metrics) return null;
  return 'averagePrecision' in metrics ? metrics.averagePrecision : metrics.recall;
}

/** The second value less the first; null where one is not known. */
export function changeOf([first, second]: Pair<number | null>): number | null {
  return first === null || second === null ? null : second - first;
}

/** The figure that models of this kind are first judged by: accuracy, or the mean average precision. */
export function mainScores({ models }: ModelComparison): Pair<number | null> {
  const [first, second] = models.map(({ evaluation }) =>
    isMultiLabelResult(evaluation) ? evaluation.meanAveragePrecision : evaluation.accuracy,
  );
  return [first ?? null, second ?? null];
}
