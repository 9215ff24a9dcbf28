import { hasBfloat16, noBfloat16, type Precision, type PrecisionChoice } from '../../tensorflow/precision.js';
import { timeInTurns } from './time-in-turns.js';

/** Something that computes in one precision. */
export interface Measured {
  /** Computes once, and waits for the result. */
  run(): void;
  dispose(): void;
}

/** Options of `fasterPrecision`. */
export interface PrecisionTrial {
  /** Name of what is measured, with the number of images, such as `a training step of 8 images`. */
  readonly what: string;
  /** Makes the same computation in one precision or the other; called only where the processor has bfloat16. */
  readonly make: (precision: Precision) => Promise<Measured>;
  /** Called with what was chosen. */
  readonly onNote: (note: string) => void;
}

/** Images in a measured call: the ratio of the two precisions is the same as for a whole batch, and takes less time to find. */
export const trialImages = 8;

/** Ratio of times below which bfloat16 counts as faster: measuring errors on a busy computer are smaller. */
export const bfloat16Gain = 0.97;
/** Milliseconds that measuring may take after each way has run three times. */
const longTrial = 1000;

/**
 * Decides in which precision to compute. For `auto` both are measured, which takes seconds, and bfloat16 is taken where it is more than 3 % faster.
 *
 * @throws as `make`.
 */
export async function fasterPrecision(
  asked: PrecisionChoice,
  { what, make, onNote }: PrecisionTrial,
): Promise<Precision> {
  if (asked !== 'auto') return asked;
  if (!hasBfloat16()) {
    onNote(noBfloat16);
    return 'float32';
  }
  const [float32 = NaN, bfloat16 = NaN] = await timeBoth(make);
  const chosen = bfloat16 < float32 * bfloat16Gain ? 'bfloat16' : 'float32';
  onNote(
    `${what} takes ${millisecondsText(float32)} in float32 and ${millisecondsText(bfloat16)} in bfloat16: ${chosen} is kept`,
  );
  return chosen;
}

async function timeBoth(make: PrecisionTrial['make']): Promise<number[]> {
  const ways: Measured[] = [];
  try {
    for (const precision of ['float32', 'bfloat16'] as const) ways.push(await make(precision));
    // The first call of each allocates memory and fills caches.
    for (const way of ways) way.run();
    return await timeInTurns(
      ways.map((way) => () => way.run()),
      { milliseconds: longTrial, leastRounds: 2 },
    );
  } finally {
    for (const way of ways) way.dispose();
  }
}

/** A time, formatted for a note. */
export function millisecondsText(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}
