/** How long requests may compute in one turn of the event loop, in milliseconds. */
const turnMilliseconds = 10;
/** The same while connections come: more may wait, and one is accepted per turn. */
const shortMilliseconds = 1;

/**
 * Shares the thread that answers: what computes for requests takes its turn, so that however many of them have come at once,
 * health checks are answered in between.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  /** When requests began to compute in this turn; NaN before they do. */
  #since = NaN;
  #limit = turnMilliseconds;
  #shortTurns = 0;

  /** @returns Nothing where there is time left now; else what settles when there is. */
  take(): Promise<void> | undefined {
    if (Number.isNaN(this.#since)) this.#begin();
    if (this.#waiting.length === 0 && performance.now() - this.#since < this.#limit) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A connection has come: this turn and the next one are short. */
  shorten(): void {
    this.#limit = shortMilliseconds;
    this.#shortTurns = 2;
    if (Number.isNaN(this.#since)) this.#begin();
  }

  #begin(): void {
    this.#since = performance.now();
    setImmediate(() => {
      this.#since = NaN;
      this.#shortTurns = Math.max(0, this.#shortTurns - 1);
      if (this.#shortTurns === 0) this.#limit = turnMilliseconds;
      if (this.#waiting.length === 0) return;
      this.#begin();
      this.#letIn();
    });
  }

  /** One after the other, each as far as it goes by itself. */
  #letIn(): void {
    this.#waiting.shift()?.();
    queueMicrotask(() => {
      if (this.#waiting.length > 0 && performance.now() - this.#since < this.#limit) this.#letIn();
    });
  }
}
