import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';

import { SignetError } from '../../errors.js';
import { startWorker } from '../../files/start-worker.js';
import { HealthState } from './health-state.js';

/** Data that a health thread is started with. */
export interface HealthThreadData {
  readonly memory: SharedArrayBuffer;
  readonly host: string;
  readonly port: number;
}

/** Its only message. */
export type HealthThreadReply = { readonly port: number } | { readonly problem: string };

/** Milliseconds between signs of life. */
const beatMilliseconds = 250;

/**
 * Answers health checks on a port of their own, in a thread of its own: traffic on the other ports does not delay it, and it notices when the main
 * thread hangs.
 */
export class HealthThread {
  private constructor(
    readonly port: number,
    private readonly worker: Worker,
    /** Reports a change of `isReady` immediately, not only with the next sign of life. */
    readonly update: () => void,
    private readonly timer: NodeJS.Timeout,
  ) {}

  /**
   * Starts to answer.
   *
   * @param isReady Whether requests may come.
   * @param onError Called if the thread fails later: the port then no longer answers, and the server continues.
   * @throws SignetError `INVALID_ARGUMENT` for an address that cannot be listened on.
   */
  static async start(
    host: string,
    port: number,
    { isReady, onError }: { readonly isReady: () => boolean; readonly onError: (error: unknown) => void },
  ): Promise<HealthThread> {
    const state = new HealthState();
    const beat = () => state.beat(isReady());
    beat();
    const workerData: HealthThreadData = { memory: state.memory, host, port };
    const worker = startWorker(new URL('./health-thread-main', import.meta.url), {
      workerData,
      name: 'signet-health',
      resourceLimits: { maxOldGenerationSizeMb: 64 },
    });
    const [reply] = (await once(worker, 'message')) as [HealthThreadReply];
    if ('problem' in reply) {
      await worker.terminate();
      throw new SignetError('INVALID_ARGUMENT', reply.problem);
    }
    worker.on('error', onError);
    return new HealthThread(reply.port, worker, beat, setInterval(beat, beatMilliseconds).unref());
  }

  /** Stops answering. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await this.worker.terminate();
  }
}
