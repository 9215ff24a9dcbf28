import { checkNumbers, type NumberRange } from './check-numbers.js';
import type { ServeModelOptions } from '../serve-model/run.js';

/** 0 takes any that is free. */
const port: NumberRange = [0, 65535];
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
} as const satisfies { readonly [K in keyof ServeModelOptions]?: NumberRange };

/** @throws SignetError `INVALID_ARGUMENT` that names the flag. */
export function checkServerNumbers(options: ServeModelOptions): void {
  checkNumbers(options, ranges);
}
