import type { Worker } from 'node:worker_threads';

import { SignetError } from '../../errors.js';
import { startWorker } from '../../files/start-worker.js';
import type { ExportedModel, Pictures, RuntimeAnswer } from './exported-model.js';

/** What the thread answers. */
export type TfjsReply = { readonly ready: string } | { readonly answer: RuntimeAnswer } | { readonly error: string };

/**
 * Opens a GraphModel in TF.js's own runtime, WebAssembly, as a browser has it: in a thread of its own, since this process has TF.js with
 * TensorFlow behind it.
 *
 * @throws SignetError `NOT_EXPORTABLE` when TF.js does not load it.
 */
export async function openTfjsModel(files: ReadonlyMap<string, Uint8Array>): Promise<ExportedModel> {
  const worker = startWorker(new URL('./tfjs-worker-main', import.meta.url), { workerData: files });
  const ready = await reply(worker);
  if (!('ready' in ready)) throw failed('error' in ready ? ready.error : 'no answer');
  return {
    runtime: ready.ready,
    classify: async (pictures: Pictures) => {
      worker.postMessage(pictures);
      const answer = await reply(worker);
      if ('answer' in answer) return answer.answer;
      throw failed('error' in answer ? answer.error : 'no answer');
    },
    close: async () => void (await worker.terminate()),
  };
}

function reply(worker: Worker): Promise<TfjsReply> {
  return new Promise((resolve) => {
    const settle = (message: TfjsReply) => {
      worker.off('message', settle);
      worker.off('error', fail);
      resolve(message);
    };
    const fail = (error: Error) => settle({ error: error.message });
    worker.on('message', settle).on('error', fail);
  });
}

function failed(words: string): SignetError {
  return new SignetError('NOT_EXPORTABLE', `TensorFlow.js does not run the exported model: ${words}`);
}
