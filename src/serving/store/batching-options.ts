import { SignetError } from '../../errors.js';

/** How requests of several clients are computed together. TensorFlow Serving's names where it has them. */
export interface BatchingOptions {
  /** Maximum number of rows in a batch; a larger request is computed alone. 1 for no batching. Default: 32. */
  readonly maxBatchSize?: number | undefined;
  /** Time that the first request of a batch waits for others, in microseconds. Default: 0, a batch takes what has queued meanwhile. */
  readonly batchTimeoutMicros?: number | undefined;
  /** Batches are padded up to one of these sizes, in rising order; the last is `maxBatchSize`. Default: no padding. */
  readonly allowedBatchSizes?: readonly number[] | undefined;
  /** Maximum number of batches that wait for a version; further requests fail with UNAVAILABLE. Default: 64. */
  readonly maxEnqueuedBatches?: number | undefined;
  /** Maximum number of bytes of inputs that wait for a version; further requests fail with RESOURCE_EXHAUSTED. Default: 512 MiB. */
  readonly maxEnqueuedBytes?: number | undefined;
}

/** Every option, given or by its default. */
export type BatchingSettings = ReturnType<typeof batchingOptions>;

/**
 * The options with their defaults.
 *
 * @throws SignetError `INVALID_ARGUMENT` that names the option.
 */
export function batchingOptions(given: BatchingOptions = {}) {
  const allowed = given.allowedBatchSizes ?? [];
  const options = {
    maxBatchSize: given.maxBatchSize ?? allowed.at(-1) ?? 32,
    batchTimeoutMicros: given.batchTimeoutMicros ?? 0,
    allowedBatchSizes: allowed,
    maxEnqueuedBatches: given.maxEnqueuedBatches ?? 64,
    maxEnqueuedBytes: given.maxEnqueuedBytes ?? 512 * 2 ** 20,
  };
  checkWhole('maxBatchSize', options.maxBatchSize, 1);
  checkWhole('batchTimeoutMicros', options.batchTimeoutMicros, 0);
  checkWhole('maxEnqueuedBatches', options.maxEnqueuedBatches, 1);
  checkWhole('maxEnqueuedBytes', options.maxEnqueuedBytes, 1);
  allowed.forEach((size) => checkWhole('Each of allowedBatchSizes (--allowed-batch-sizes)', size, 1));
  const isRising = allowed.every((size, i) => i === 0 || size > (allowed[i - 1] ?? 0));
  if (!isRising || (allowed.length > 0 && allowed.at(-1) !== options.maxBatchSize)) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `allowedBatchSizes (--allowed-batch-sizes) rise up to maxBatchSize (--max-batch-size), ${options.maxBatchSize}. Received: ${allowed.join(', ')}.`,
    );
  }
  return options;
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new SignetError('INVALID_ARGUMENT', `${name} is a whole number from ${least}. Received: ${value}.`);
}
