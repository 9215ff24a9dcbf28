import { createGunzip, createInflate } from 'node:zlib';

import { ServingError } from '../serving-error.js';
import type { MemoryClaim } from './memory-budget.js';
import type { ReceivedBody } from './received-body.js';

/** Limits of an inflated message. */
export interface InflateLimits {
  /** In bytes, once inflated. */
  readonly maxBytes: number;
  /** Accounts for the inflated bytes. */
  readonly claim: Pick<MemoryClaim, 'take'>;
}

/**
 * Inflates a message of gRPC; memory is claimed as the data is inflated.
 *
 * @param encoding As `grpc-encoding` names it.
 * @throws ServingError `UNIMPLEMENTED` for another encoding, `RESOURCE_EXHAUSTED` for too much data, `INVALID_ARGUMENT` for data that cannot be
 *   inflated.
 */
export function inflate(
  { chunks: given }: ReceivedBody,
  encoding: string,
  { maxBytes, claim }: InflateLimits,
): Promise<ReceivedBody> {
  if (encoding !== 'gzip' && encoding !== 'deflate') {
    throw new ServingError('UNIMPLEMENTED', 'The server takes messages that are compressed with gzip or deflate.');
  }
  const source = encoding === 'gzip' ? createGunzip() : createInflate();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const fail = (error: ServingError) => {
      source.destroy();
      reject(error);
    };
    source.on('data', (chunk: Buffer) => {
      length += chunk.length;
      try {
        if (length > maxBytes) {
          throw new ServingError('RESOURCE_EXHAUSTED', `The message is larger than ${maxBytes} bytes when inflated.`);
        }
        claim.take(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error as ServingError);
      }
    });
    source.on('error', ({ message }) => {
      fail(new ServingError('INVALID_ARGUMENT', `The message cannot be inflated: ${message}`));
    });
    source.on('end', () => resolve({ chunks, length }));
    for (const chunk of given) source.write(chunk);
    source.end();
  });
}
