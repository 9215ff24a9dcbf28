import { SignetError } from '../../../errors.js';

/** After every epoch, or after every N batches, which are counted across epochs. */
export type SaveFreq = 'epoch' | number;

/** Counts the batches until something is saved again. */
export class SaveFrequency {
  #batches = 0;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor(private readonly saveFreq: SaveFreq) {
    if (saveFreq === 'epoch' || (Number.isSafeInteger(saveFreq) && saveFreq >= 1)) return;
    throw new SignetError(
      'INVALID_ARGUMENT',
      `Unrecognized saveFreq: ${saveFreq}. Expected saveFreq are 'epoch' or a whole number of batches from 1.`,
    );
  }

  get isEpoch(): boolean {
    return this.saveFreq === 'epoch';
  }

  /** Number of batches since the last save. */
  get batches(): number {
    return this.#batches;
  }

  /** Starts again from a count: 0 for a new training, the earlier one's for a training that is resumed. */
  restart(batches = 0): void {
    this.#batches = batches;
  }

  /** Counts a batch and tells whether it is time to save. */
  isDue(): boolean {
    this.#batches += 1;
    if (this.saveFreq === 'epoch' || this.#batches < this.saveFreq) return false;
    this.#batches = 0;
    return true;
  }
}

/** Options of `SaveWithin`. */
export interface SaveWithinOptions {
  readonly saveSteps?: number | undefined;
  readonly saveSeconds?: number | undefined;
}

/** Tells when N batches or N seconds have passed since the last save, also within a long epoch. */
export class SaveWithin {
  readonly #steps: number;
  readonly #seconds: number;
  #taken = 0;
  #start = 0;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor({ saveSteps = Infinity, saveSeconds = Infinity }: SaveWithinOptions) {
    const isCount = saveSteps === Infinity || (Number.isSafeInteger(saveSteps) && saveSteps >= 1);
    if (!isCount || !(saveSeconds > 0)) {
      throw new SignetError(
        'INVALID_ARGUMENT',
        `saveSteps is a whole number of batches from 1, saveSeconds is more than 0. Received: ${saveSteps} and ${saveSeconds}.`,
      );
    }
    this.#steps = saveSteps;
    this.#seconds = saveSeconds;
  }

  restart(): void {
    this.#taken = 0;
    this.#start = performance.now();
  }

  /** Counts a batch and says whether it is time to save. */
  isDue(): boolean {
    this.#taken += 1;
    return this.#taken >= this.#steps || performance.now() - this.#start >= this.#seconds * 1000;
  }
}
