import { SignetError } from '../errors.js';
import type { ServeModelOptions } from './serve-model.js';

/** From and to which values, both included; whole numbers unless said otherwise. */
type Range = readonly [least: number, most: number, isFraction?: 'fraction'];

const port: Range = [0, 65535];
const day = 86_400;

const ranges = {
  restPort: port,
  grpcPort: port,
  modelConfigFilePollSeconds: [0, day, 'fraction'],
  pollSeconds: [0, day, 'fraction'],
  workers: [1, 256],
  warmupIterations: [0, 1000],
  maxBatchSize: [1, 65536],
  batchTimeoutMicros: [0, 60e6],
  maxEnqueuedBatches: [1, 1e6],
  // A message of gRPC is shorter than 2 GiB.
  maxRequestSize: [0.001, 2047, 'fraction'],
  maxPixels: [1, 2 ** 31],
  restTimeout: [0.001, day, 'fraction'],
  drainTimeout: [0, day, 'fraction'],
} as const satisfies { readonly [K in keyof ServeModelOptions]?: Range };

/** @throws SignetError `INVALID_ARGUMENT` that names the flag. */
export function checkServerNumbers(options: ServeModelOptions): void {
  for (const [name, [least, most, isFraction]] of Object.entries<Range>(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value === undefined || (value >= least && value <= most && (isFraction || Number.isInteger(value)))) continue;
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const kind = isFraction ? 'a number' : 'a whole number';
    throw new SignetError('INVALID_ARGUMENT', `--${flag} is ${kind} from ${least} to ${most}. Received: ${value}.`);
  }
}
