/** Images with about the same confidence of a classifier. */
export interface ReliabilityBin {
  /** Bounds of the confidence: above `from`, except in the first bin, up to `to`. */
  readonly from: number;
  /** Upper end of the bin's confidences, 0 to 1. */
  readonly to: number;
  /** Number of images in the bin. */
  readonly images: number;
  /** Mean of the largest probability; null without images. */
  readonly confidence: number | null;
  /** Part of the images that are right; null without images. */
  readonly accuracy: number | null;
}

/** How well a classifier's confidence says how often it is right. */
export interface Calibration {
  /** Temperature that divides the logits before they become probabilities; 1 where there is none. */
  readonly temperature: number;
  /**
   * Expected calibration error: the mean over the images of the difference between their bin's confidence and its accuracy; NaN without
   * images. Source: Guo et al., "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599, equation 3.
   */
  readonly expectedCalibrationError: number;
  /**
   * The error that chance alone is expected to give with as many images, if every confidence were right: each bin's part of right images varies
   * like a sum of coin throws, here taken to be normal.
   */
  readonly errorByChance: number;
  /** What `errorByChance` stays below in 19 of 20 draws: an error that is larger shows that the confidences are wrong. */
  readonly errorByChanceLimit: number;
  /** The 15 bins of a reliability diagram, from the least confident on. */
  readonly bins: readonly ReliabilityBin[];
}

/** The mean of a normal variable's absolute value, of standard deviation 1, and the variance of that value. */
const [absoluteMean, absoluteVariance] = [Math.sqrt(2 / Math.PI), 1 - 2 / Math.PI];
/** Standard deviations above the mean that a normal variable exceeds once in 20 draws. */
const onceInTwenty = 1.645;

/** Guo et al. have as many. */
const numberOfBins = 15;

/** Counts images by confidence, in bins of equal width. */
export class Reliability {
  readonly #images = new Float64Array(numberOfBins);
  readonly #confidence = new Float64Array(numberOfBins);
  readonly #right = new Float64Array(numberOfBins);
  readonly #variance = new Float64Array(numberOfBins);

  /** @param confidence The largest probability, 0 to 1. */
  add(confidence: number, isRight: boolean): void {
    const bin = Math.min(numberOfBins - 1, Math.max(0, Math.ceil(confidence * numberOfBins) - 1));
    increase(this.#images, bin, 1);
    increase(this.#confidence, bin, confidence);
    increase(this.#right, bin, Number(isRight));
    increase(this.#variance, bin, confidence * (1 - confidence));
  }

  /** @param temperature Temperature that the confidences were computed with, for the result. */
  result(temperature: number): Calibration {
    const all = this.#images.reduce((a, b) => a + b, 0);
    const gaps = this.#confidence.reduce((sum, confidence, i) => sum + Math.abs(confidence - (this.#right[i] ?? 0)), 0);
    const variances = this.#variance.map((variance) => Math.max(0, variance));
    const chance = variances.reduce((sum, variance) => sum + absoluteMean * Math.sqrt(variance), 0);
    const spread = Math.sqrt(absoluteVariance * variances.reduce((a, b) => a + b, 0));
    return {
      temperature,
      expectedCalibrationError: gaps / all,
      errorByChance: chance / all,
      errorByChanceLimit: (chance + onceInTwenty * spread) / all,
      bins: Array.from(this.#images, (images, i) => this.#bin(images, i)),
    };
  }

  #bin(images: number, i: number): ReliabilityBin {
    const mean = (sums: Float64Array) => (images === 0 ? null : (sums[i] ?? 0) / images);
    return {
      from: i / numberOfBins,
      to: (i + 1) / numberOfBins,
      images,
      confidence: mean(this.#confidence),
      accuracy: mean(this.#right),
    };
  }
}

function increase(sums: Float64Array, at: number, by: number): void {
  sums[at] = (sums[at] ?? 0) + by;
}
