import { startLineProcess } from '../line-process.js';

/** What to read. */
export interface InputTask {
  readonly directory: string;
  /** Height and width that every image is resized to. */
  readonly size: number;
  readonly batch: number;
}

/** Cost of an epoch. */
export interface Epoch {
  readonly images: number;
  readonly seconds: number;
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
  /** Peak memory of the process so far. */
  readonly peakMebibytes: number;
}

/** A process that reads all images once per request. */
export interface Reader {
  readonly epoch: () => Promise<Epoch>;
  readonly end: () => void;
}

export function startReader(command: string, args: readonly string[], task: InputTask): Reader {
  const { tell, ask, end } = startLineProcess(command, args);
  tell(JSON.stringify(task));
  return { epoch: async () => JSON.parse(await ask('{}')) as Epoch, end };
}
