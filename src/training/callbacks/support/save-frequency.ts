import { SignetError } from '../../../errors.js';

/** After every epoch, or after every so many batches, counted on over the epochs. */
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

  /** How many batches have been counted since the last save. */
  get batches(): number {
    return this.#batches;
  }

  /** Goes on from a count: 0 for another training, that of an earlier one to resume it. */
  restart(batches = 0): void {
    this.#batches = batches;
  }

  /** Counts a batch; whether it is time to save. */
  isDue(): boolean {
    this.#batches += 1;
    if (this.saveFreq === 'epoch' || this.#batches < this.saveFreq) return false;
    this.#batches = 0;
    return true;
  }
}
