import { SignetError } from '../../../errors.js';

/** When something is saved within a long epoch. */
export interface SaveWithinOptions {
  readonly saveSteps?: number | undefined;
  readonly saveSeconds?: number | undefined;
}

/** Tells when so many batches, or so many seconds, have passed since the last save. */
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

  /** Counts a batch; whether it is time to save. */
  isDue(): boolean {
    this.#taken += 1;
    return this.#taken >= this.#steps || performance.now() - this.#start >= this.#seconds * 1000;
  }
}
