import { ServingError } from '../serving-error.js';

/** Something that is arriving from a client. */
export interface Arrival {
  /** Bytes that have arrived until now. */
  readonly received: () => number;
  /** Whether all of it has arrived, for arrivals that are not removed then. Default: they are removed. */
  readonly isWhole?: () => boolean;
  /** Called once, when it takes too long. */
  readonly onLate: (error: ServingError) => void;
}

/** How fast clients must send. */
export interface ArrivalRate {
  /** Longest wait between two pieces, and for the first ones, in milliseconds. Default: 10,000. */
  readonly graceMilliseconds?: number;
  /** Bytes that must arrive per second on average after that. Default: 16 KiB. */
  readonly bytesPerSecond?: number;
  /** Time after which it is too late in any case, in milliseconds. Default: 120,000. */
  readonly mostMilliseconds?: number;
}

interface Watched {
  readonly since: number;
  received: number;
  at: number;
}

/**
 * Ends transfers that are too slow, because a body occupies memory while it arrives.
 *
 * One timer checks everything that is in progress, so an arrival does not need its own timer.
 */
export class ArrivalWatch {
  readonly #arrivals = new Map<Arrival, Watched>();
  readonly #grace: number;
  readonly #rate: number;
  readonly #most: number;
  #timer: NodeJS.Timeout | undefined;

  constructor({ graceMilliseconds = 10_000, bytesPerSecond = 2 ** 14, mostMilliseconds = 120_000 }: ArrivalRate = {}) {
    this.#grace = graceMilliseconds;
    this.#rate = bytesPerSecond;
    this.#most = mostMilliseconds;
  }

  add(arrival: Arrival): void {
    const now = performance.now();
    this.#arrivals.set(arrival, { since: now, received: 0, at: now });
    this.#timer ??= setInterval(() => this.#look(), Math.min(1000, this.#grace)).unref();
  }

  delete(arrival: Arrival): void {
    this.#arrivals.delete(arrival);
  }

  #look(): void {
    // Not when the last one ends: if requests come one after the other, each would start a timer.
    if (this.#arrivals.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    const now = performance.now();
    for (const [arrival, watched] of this.#arrivals) {
      if (arrival.isWhole?.()) {
        this.delete(arrival);
        continue;
      }
      const received = arrival.received();
      if (received > watched.received) watched.at = now;
      watched.received = received;
      const expected = ((now - watched.since - this.#grace) / 1000) * this.#rate;
      const isLate = now - watched.at > this.#grace || received < expected || now - watched.since > this.#most;
      if (!isLate) continue;
      this.delete(arrival);
      arrival.onLate(new ServingError('DEADLINE_EXCEEDED', 'The request did not arrive in time.', { httpStatus: 408 }));
    }
  }
}
