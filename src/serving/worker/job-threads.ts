import { type Job, JobThread, type JobThreadOptions } from './job-thread.js';

/** Jobs larger than this, in bytes, have a thread of their own: they take hundreds of milliseconds, ordinary ones a few. */
const largeBytes = 2 ** 20;

/** Two threads that do the same: one for ordinary jobs, and one for large ones, which ordinary ones would have to wait for. */
export class JobThreads<Work, Result> {
  readonly #ordinary: JobThread<Work, Result>;
  readonly #large: JobThread<Work, Result>;

  /** @param module As for `JobThread`. */
  constructor(module: URL, options: JobThreadOptions) {
    this.#ordinary = new JobThread(module, options);
    this.#large = new JobThread(module, { ...options, name: `large ${options.name}` });
  }

  /** @throws ServingError */
  run(job: Job<Work>): Promise<Result> {
    return (job.bytes > largeBytes ? this.#large : this.#ordinary).run(job);
  }

  /** Ends the threads; waiting jobs fail. */
  async end(): Promise<void> {
    await Promise.all([this.#ordinary.end(), this.#large.end()]);
  }
}
