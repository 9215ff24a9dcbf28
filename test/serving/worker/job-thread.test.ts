import { describe, expect, it, onTestFinished } from 'vitest';

import { Cancellation } from '../../../src/serving/cancellation.js';
import { RequestReader } from '../../../src/serving/reader/request-reader.js';
import { ServingError } from '../../../src/serving/serving-error.js';
import '../../helpers/servers/threads-given.js';

const typeName = 'tensorflow.serving.PredictRequest';
/** What is not a message. */
const bodyOf = (bytes: number) => ({ chunks: [Buffer.alloc(bytes, 0xff)], length: bytes });

function readerForTest() {
  const reader = new RequestReader();
  onTestFinished(() => reader.end());
  return (signal: Cancellation) => reader.message(typeName, bodyOf(1000), 2 ** 20, { signal });
}

describe('a job whose client goes', () => {
  it('is dropped at once while it waits for another: nobody pays for its body any more', async () => {
    const read = readerForTest();
    const signals = Array.from({ length: 3 }, () => new Cancellation());
    const ended: number[] = [];
    const jobs = signals.map((signal, i) =>
      read(signal).then(
        () => expect.fail('This is not a message.'),
        (error: unknown) => {
          ended.push(i);
          return error instanceof ServingError ? error.status : error;
        },
      ),
    );
    signals[1]?.abort();
    // The first one runs: the thread reads it to the end.
    signals[0]?.abort();
    expect(await Promise.all(jobs)).toEqual(['INVALID_ARGUMENT', 'CANCELLED', 'INVALID_ARGUMENT']);
    expect(ended).toEqual([1, 0, 2]);
  });

  it('is not begun when it had gone before', async () => {
    const read = readerForTest();
    const signal = new Cancellation();
    signal.abort();
    await expect(read(signal)).rejects.toMatchObject({ status: 'CANCELLED' });
    await expect(read(new Cancellation())).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
  });
});
