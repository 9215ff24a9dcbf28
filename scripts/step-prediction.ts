/** A network, and a training on it. */
export interface Training {
  /** Machines that share each batch. */
  readonly workers: number;
  /** Bytes of the gradients: 4 for each trained number, or 2 as bfloat16. */
  readonly gradientBytes: number;
  /** Rate of each machine's own link, in each direction, in bits per second. */
  readonly bitsPerSecond: number;
  /** Time from one machine to another for next to nothing, in seconds. Default: 0.0002. */
  readonly latencySeconds?: number | undefined;
  /** What TensorFlow takes for each byte besides the network: to copy, pack and add. Default: 2.5e-9, about a core's. */
  readonly hostSecondsPerByte?: number | undefined;
}

/** What one machine takes to compute a step. */
export interface Machine {
  /** Seconds for each image. */
  readonly secondsPerImage: number;
  /** Seconds for each step, whatever the batch: the optimizer. Default: 0. */
  readonly secondsPerStep?: number | undefined;
}

/** Bytes of a frame on Ethernet with 1448 bytes of payload: the headers of TCP, IP and Ethernet come with each. */
const framing = 1514 / 1448;

/**
 * Bytes that each worker sends for a step, and receives. A ring adds up and hands on N - 1 of N pieces of the gradients, and then hands out the
 * sums in as many.
 */
export function bytesPerStep({ workers, gradientBytes }: Pick<Training, 'workers' | 'gradientBytes'>): number {
  return (2 * (workers - 1) * gradientBytes) / workers;
}

/** Seconds of a step's exchange: on the wire, in the machines, and for the ring's 2 (N - 1) turns. */
export function exchangeSeconds(training: Training): number {
  const { workers, bitsPerSecond, latencySeconds = 0.0002, hostSecondsPerByte = 2.5e-9 } = training;
  return (
    bytesPerStep(training) * ((8 * framing) / bitsPerSecond + hostSecondsPerByte) + 2 * (workers - 1) * latencySeconds
  );
}

/** Seconds of a step with a batch of that many images, of all workers together. */
export function stepSeconds(training: Training, machine: Machine, batch: number): number {
  return computeSeconds(machine, batch / training.workers) + exchangeSeconds(training);
}

/** The part of the machines' time that one machine would need for the same batches: 1 if N machines are N times as fast. */
export function efficiency(training: Training, machine: Machine, batch: number): number {
  return computeSeconds(machine, batch) / (training.workers * stepSeconds(training, machine, batch));
}

/** The smallest batch, of all workers together, at which they reach an efficiency below 1. */
export function smallestBatch(training: Training, machine: Machine, wanted: number): number {
  const { secondsPerImage, secondsPerStep = 0 } = machine;
  const { workers } = training;
  const lost = wanted * workers * (secondsPerStep + exchangeSeconds(training)) - secondsPerStep;
  return Math.max(workers, Math.ceil(lost / ((1 - wanted) * secondsPerImage)));
}

function computeSeconds({ secondsPerImage, secondsPerStep = 0 }: Machine, images: number): number {
  return secondsPerStep + images * secondsPerImage;
}
