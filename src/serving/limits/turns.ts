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
  /** When requests began to compute in this turn, or in one before it: to ask at every request would cost a turn each. */
  #since = -Infinity;
  #limit = turnMilliseconds;
  #isEnding = false;

  /** @returns Nothing where there is time left now; else what settles when there is. */
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

  /** One after the other, each as far as it goes by itself. */
  #letIn(limit: number): void {
    this.#waiting.shift()?.();
    queueMicrotask(() => {
      if (this.#waiting.length > 0 && performance.now() - this.#since < limit) this.#letIn(limit);
    });
  }
}
