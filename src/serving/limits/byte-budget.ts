import { mebibytes } from '../../data/image-file/image-limits.js';
import { ServingError } from '../serving-error.js';

/** How much memory the bodies of all requests may take together. */
export class ByteBudget {
  #taken = 0;

  constructor(private readonly limit: number) {}

  /** @throws ServingError `RESOURCE_EXHAUSTED` when there is not so much left. */
  take(bytes: number): void {
    if (this.#taken + bytes > this.limit) {
      throw new ServingError(
        'RESOURCE_EXHAUSTED',
        `The requests that the server is reading take ${mebibytes(this.limit)} already, its limit. Try again later.`,
      );
    }
    this.#taken += bytes;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}
