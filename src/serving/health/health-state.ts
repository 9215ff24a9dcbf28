/** How long the main thread may be silent before its process counts as hung, in milliseconds. */
export const mostSilence = 10_000;

/** Status that each health check reports: `/healthz` whether the process answers at all, `/readyz` whether it should get requests. */
export const healthChecks = { '/healthz': 'ok', '/readyz': 'ready' } as const;

/** Path of a health check. */
export type HealthPath = keyof typeof healthChecks;

/**
 * Explains why a health check fails in a running process; null if it does not.
 *
 * @param isReady Whether every model can answer, and the server is not about to end.
 */
export function healthProblem(path: HealthPath, isReady: boolean): string | null {
  if (path === '/healthz' || isReady) return null;
  return 'Not ready: a model has no version that answers, or the server is ending.';
}

/** State of the main thread for the health thread, in memory that both share. */
export class HealthState {
  readonly #isReady: Int32Array;
  /** Time of the last sign of life, in nanoseconds of `process.hrtime`, which all threads of a process share. */
  readonly #beat: BigInt64Array;

  constructor(readonly memory = new SharedArrayBuffer(16)) {
    this.#isReady = new Int32Array(memory, 0, 1);
    this.#beat = new BigInt64Array(memory, 8, 1);
  }

  /** Records that the main thread is alive, and whether requests may come. */
  beat(isReady: boolean): void {
    Atomics.store(this.#isReady, 0, isReady ? 1 : 0);
    Atomics.store(this.#beat, 0, process.hrtime.bigint());
  }

  /** Milliseconds since the main thread's last sign of life. */
  get silence(): number {
    return Number(process.hrtime.bigint() - Atomics.load(this.#beat, 0)) / 1e6;
  }

  get isReady(): boolean {
    return Atomics.load(this.#isReady, 0) === 1;
  }
}
