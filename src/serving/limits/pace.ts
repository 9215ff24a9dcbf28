/** Bytes that are let through in one turn of the event loop. */
const turnBytes = 2 ** 18;
/** Minimum number of bytes that a piece counts as: one of a byte takes as long as one of a few hundred. */
const leastBytes = 256;
/** Number of paused sources that continue in a turn. */
const turnSources = 4;
/** The same for bodies whose bytes are no longer needed. */
const turnDropped = 1;

/** A source of bytes, such as a request. */
export interface Pausable {
  pause(): unknown;
  resume(): unknown;
}

/**
 * Spreads what clients send over turns of the event loop. However many of them send, and however fast, a turn stays short, and so does the wait of a
 * connection that is about to be accepted (libuv accepts one per turn).
 */
export class Pace {
  readonly #paused = new Set<Pausable>();
  readonly #pausedDropped = new Set<Pausable>();
  readonly #dropped = new WeakSet<Pausable>();
  #received = 0;
  #isCounting = false;

  /** Counts what has arrived, and if that was too much, pauses its source until its turn comes again. */
  count(source: Pausable, bytes: number): void {
    const isDropped = this.#dropped.has(source);
    if (!isDropped) this.#received += Math.max(bytes, leastBytes);
    if (this.#received <= turnBytes && !isDropped) return;
    this.#begin();
    source.pause();
    (isDropped ? this.#pausedDropped : this.#paused).add(source);
  }

  /** Lets a source whose bytes are dropped from now on continue after all others. */
  drop(source: Pausable): void {
    this.#dropped.add(source);
    if (!this.#paused.delete(source)) source.resume();
    else this.#pausedDropped.add(source);
  }

  /** Forgets a source that has ended. */
  forget(source: Pausable): void {
    this.#paused.delete(source);
    this.#pausedDropped.delete(source);
  }

  #begin(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    setImmediate(() => {
      this.#isCounting = false;
      this.#received = 0;
      resumeFirst(this.#paused, turnSources);
      resumeFirst(this.#pausedDropped, turnDropped);
      if (this.#paused.size + this.#pausedDropped.size > 0) this.#begin();
    });
  }
}

function resumeFirst(sources: Set<Pausable>, count: number): void {
  let left = count;
  for (const source of sources) {
    if (left === 0) return;
    left -= 1;
    sources.delete(source);
    source.resume();
  }
}
