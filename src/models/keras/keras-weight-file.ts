import { stat } from 'node:fs/promises';
import type { Worker } from 'node:worker_threads';

import { SignetError } from '../../errors.js';
import { startWorker } from '../../files/start-worker.js';
import type { Hdf5Reply, Hdf5Request, Hdf5ThreadData, Hdf5Weight, Hdf5WeightHead } from './hdf5-messages.js';
import { invalidWeights, type KerasWeightFile } from './keras-layer.js';

/**
 * Opens a weight file of Keras, `.weights.h5` or legacy `.h5`, in a thread of its own: a damaged file can lead HDF5's parser into an endless loop,
 * and only a thread can be stopped. Ending the thread also frees the parser's memory, which WebAssembly never gives back.
 *
 * @throws SignetError `INVALID_WEIGHTS` when it is not such a file, or damaged.
 */
export async function openKerasWeightFile(path: string): Promise<KerasWeightFile> {
  const thread = new Hdf5Thread(path);
  try {
    const { layers, isOrdered } = await thread.open();
    const withElements = layers.map(({ name, weights }, layer) => ({
      name,
      weights: weights.map((head, weight) => ({ ...head, read: async () => thread.read({ layer, weight }, head) })),
    }));
    return { layers: withElements, isOrdered, close: () => thread.end() };
  } catch (error) {
    thread.end();
    throw error;
  }
}

/** Milliseconds that one step of the parser may take, in addition to those for the bytes that it reads. */
const mostStepMilliseconds = 2000;
/** Minimum number of bytes that a step reads in a millisecond. */
const leastBytesPerMillisecond = 20_000;
/** How often the thread's steps are checked, in milliseconds. */
const tick = 100;
/** Limit of the thread's JavaScript memory, for names and attributes, in MiB. */
const mostMemory = 512;

/** The thread with one file. */
class Hdf5Thread {
  readonly #worker: Worker;
  readonly #steps = new Int32Array(new SharedArrayBuffer(4));
  /** Receives the next answer; null if there is no request. */
  #waiting: ((reply: Hdf5Reply) => void) | null = null;
  #last: Promise<unknown>;

  constructor(private readonly path: string) {
    const workerData: Hdf5ThreadData = { path, steps: this.#steps };
    this.#worker = startWorker(new URL('./hdf5-thread-main', import.meta.url), {
      workerData,
      name: 'hdf5',
      resourceLimits: { maxOldGenerationSizeMb: mostMemory },
    });
    this.#worker.on('message', (reply: Hdf5Reply) => this.#waiting?.(reply));
    this.#worker.on('error', ({ message }) => this.#waiting?.(broken(message)));
    this.#worker.on('exit', () => this.#waiting?.(broken('the thread has ended')));
    // No time limit: until its program is loaded, which a busy machine may delay, nothing is read from the file.
    this.#last = new Promise((resolve) => (this.#waiting = resolve));
  }

  async open(): Promise<Extract<Hdf5Reply, { type: 'layers' }>> {
    const { size } = await stat(this.path).catch(() => ({ size: 0 }));
    const reply = await this.#ask('open', size);
    if (reply.type === 'layers') return reply;
    throw this.#errorOf(reply);
  }

  async read(weight: Hdf5Weight, { shape }: Hdf5WeightHead): Promise<Float32Array> {
    const reply = await this.#ask(weight, 4 * shape.reduce((all, size) => all * size, 1));
    if (reply.type === 'elements') return reply.values;
    throw this.#errorOf(reply);
  }

  end(): void {
    void this.#worker.terminate();
  }

  /** One after another: answers come in the order of the requests. */
  async #ask(request: Hdf5Request, bytes: number): Promise<Hdf5Reply> {
    const before = this.#last;
    const answer = before.then(() => this.#exchange(request, bytes));
    this.#last = answer;
    return answer;
  }

  #exchange(request: Hdf5Request, bytes: number): Promise<Hdf5Reply> {
    const mostTicks = (mostStepMilliseconds + bytes / leastBytesPerMillisecond) / tick;
    return new Promise((resolve) => {
      let [seen, ticks] = [-1, 0];
      const settle = (reply: Hdf5Reply) => {
        clearInterval(timer);
        this.#waiting = null;
        resolve(reply);
      };
      // Counts ticks rather than time: while this thread computes, it cannot receive an answer.
      const timer = setInterval(() => {
        const steps = Atomics.load(this.#steps, 0);
        ticks = steps === seen ? ticks + 1 : 0;
        seen = steps;
        if (ticks < mostTicks) return;
        this.end();
        settle(broken('the HDF5 parser never finishes reading it'));
      }, tick);
      this.#waiting = settle;
      this.#worker.postMessage(request);
    });
  }

  #errorOf(reply: Hdf5Reply): SignetError {
    const { message, isOurs } = reply.type === 'error' ? reply : { message: reply.type, isOurs: false };
    return isOurs
      ? new SignetError('INVALID_WEIGHTS', message)
      : invalidWeights(this.path, 'it is damaged', new Error(message));
  }
}

function broken(message: string): Hdf5Reply {
  return { type: 'error', message, isOurs: false };
}
