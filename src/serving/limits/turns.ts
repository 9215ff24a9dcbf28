/** How long requests may compute in one turn of the event loop, in milliseconds. */
const turnMilliseconds = 10;
/** The same while connections come in: more may be waiting, and one is accepted per turn. */
const shortMilliseconds = 1;

/** Shares the answering thread: requests compute in turns, so that health checks are answered in between, however many requests have come at once. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  /** When requests began to compute in this turn, or in one before it: a check for every request would cost a turn each. */
  #since = -Infinity;
  #limit = turnMilliseconds;
  #isEnding = false;

  /** @returns Undefined if there is time left now; otherwise a promise that settles when there is. */
  take(): Promise<void> | undefined {
    if (this.#waiting.length === 0 && performance.now() - this.#since < this.#limit) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#endTurn();
    });
  }

  /** A connection has come: the next turn is short. */
  shorten(): void {
    this.#limit = shortMilliseconds;
  }

  #endTurn(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    setImmediate(() => {
      this.#isEnding = false;
      this.#since = performance.now();
      this.#letIn(this.#limit);
      this.#limit = turnMilliseconds;
      if (this.#waiting.length > 0) this.#endTurn();
    });
  }

  /** One after the other, each as far as it gets without waiting. */
  #letIn(limit: number): void {
    this.#waiting.shift()?.();
    queueMicrotask(() => {
      if (this.#waiting.length > 0 && performance.now() - this.#since < limit) this.#letIn(limit);
    });
  }
}
