import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { mebibytes } from '../../data/image-file/image-limits.js';
import { ServingError } from '../serving-error.js';
import type { ByteBudget } from '../limits/byte-budget.js';

/** What a request's body may cost. */
export interface BodyLimits {
  /** Of one body, before and after it is inflated. */
  readonly maxBytes: number;
  /** Of all bodies together. */
  readonly budget: ByteBudget;
}

/** A body in memory. */
export interface ReadBody {
  readonly bytes: Buffer;
  /** As it was sent. */
  readonly sentBytes: number;
  /** To be called when the request has been answered. */
  readonly release: () => void;
}

/**
 * Reads a body, inflated where it is `Content-Encoding: gzip`; memory is taken as its bytes come, never on its word.
 *
 * @throws ServingError `RESOURCE_EXHAUSTED` (413) when it is too large, `INVALID_ARGUMENT` when it cannot be inflated,
 *   `CANCELLED` when the client goes.
 */
export function readBody(request: IncomingMessage, { maxBytes, budget }: BodyLimits): Promise<ReadBody> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new ServingError('INVALID_ARGUMENT', `Content-Encoding ${encoding} is not supported. Send gzip, or none.`, {
      httpStatus: 415,
    });
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return new BodyReader(request, encoding === 'gzip', { maxBytes, budget }).done;
}

class BodyReader {
  readonly done: Promise<ReadBody>;
  readonly #source: Readable;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #sentBytes = 0;
  #isReleased = false;

  constructor(
    private readonly request: IncomingMessage,
    isGzip: boolean,
    private readonly limits: BodyLimits,
  ) {
    this.#source = isGzip ? request.pipe(createGunzip()) : request;
    this.done = new Promise((resolve, reject) => {
      const fail = (error: ServingError) => {
        this.#giveUp();
        reject(error);
      };
      request.on('data', (chunk: Buffer) => (this.#sentBytes += chunk.length));
      const cancel = () => fail(new ServingError('CANCELLED', 'The client has gone.'));
      request.on('error', cancel);
      request.on('close', () => {
        if (!request.complete) cancel();
      });
      this.#source.on('data', (chunk: Buffer) => {
        try {
          this.#add(chunk);
        } catch (error) {
          fail(error as ServingError);
        }
      });
      this.#source.on('end', () => resolve(this.#result()));
      if (this.#source === request) return;
      this.#source.on('error', ({ message }: Error) => {
        fail(new ServingError('INVALID_ARGUMENT', `The body is not in gzip's format: ${message}`));
      });
    });
  }

  #add(chunk: Buffer): void {
    const { maxBytes, budget } = this.limits;
    if (this.#isReleased) return;
    if (this.#length + chunk.length > maxBytes) throw tooLarge(maxBytes);
    budget.take(chunk.length);
    this.#length += chunk.length;
    this.#chunks.push(chunk);
  }

  #result(): ReadBody {
    const [first = Buffer.alloc(0), ...others] = this.#chunks;
    const bytes = others.length === 0 ? first : Buffer.concat(this.#chunks, this.#length);
    return { bytes, sentBytes: this.#sentBytes, release: () => this.#release() };
  }

  /** What still comes is read and dropped: a client that is cut off while it sends would not see the answer. */
  #giveUp(): void {
    this.#release();
    this.#chunks.length = 0;
    if (this.#source !== this.request) {
      this.request.unpipe();
      this.#source.destroy();
    }
    this.request.resume();
  }

  #release(): void {
    if (!this.#isReleased) this.limits.budget.give(this.#length);
    this.#isReleased = true;
  }
}

function tooLarge(limit: number): ServingError {
  const message = `The body is larger than ${mebibytes(limit)}, the server's limit. Send fewer or smaller inputs in a request.`;
  return new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 });
}
