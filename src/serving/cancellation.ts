import { ServingError } from './serving-error.js';

/** Tells whether a client has gone. An AbortSignal does the same, but a `Cancellation` is much cheaper to make, and every request has one. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Notifies the code that works for a request, once, that its client has gone. */
export class Cancellation implements CancelSignal {
  #isAborted = false;
  /** Made for the first listener: most requests are answered before there is one. */
  #listeners: (() => void)[] | undefined;

  get aborted(): boolean {
    return this.#isAborted;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    (this.#listeners ??= []).push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const position = this.#listeners?.indexOf(listener) ?? -1;
    if (position >= 0) this.#listeners?.splice(position, 1);
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener();
  }
}

/** Makes the error for work whose client has gone. */
export function clientHasGone(): ServingError {
  return new ServingError('CANCELLED', 'Cancelled: the client has gone.');
}
