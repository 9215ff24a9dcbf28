import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { mebibytes } from '../../data/image-file/image-limits.js';
import { ServingError } from '../serving-error.js';
import type { Arrival, ArrivalWatch } from '../limits/arrival-watch.js';
import type { MemoryClaim } from '../limits/memory-budget.js';
import type { Pace } from '../limits/pace.js';
import { BodyPieces, isCrumbled, type ReceivedBody, releaseBody } from '../limits/received-body.js';

/** Limits of a request's body. */
export interface BodyLimits {
  /** Size of one body, before and after it is inflated. */
  readonly maxBytes: number;
  /** Accounts for the body's memory. */
  readonly claim: MemoryClaim;
  /** Ends a body that arrives too slowly. */
  readonly arrivals: ArrivalWatch;
  /** Shared with all bodies that arrive at the same time. */
  readonly pace: Pace;
}

/** A body in memory. */
export interface ReadBody extends ReceivedBody {
  /** Size of the body as it was sent. */
  readonly sentBytes: number;
}

/**
 * Reads a body, and inflates it if it is `Content-Encoding: gzip`. Memory is claimed as its bytes arrive, not by the size that it announces.
 *
 * @throws ServingError `RESOURCE_EXHAUSTED` (413) when it is too large, `INVALID_ARGUMENT` when it cannot be inflated,
 *   `CANCELLED` when the client goes.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<ReadBody> {
  const { maxBytes } = limits;
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new ServingError('INVALID_ARGUMENT', `Content-Encoding ${encoding} is not supported. Send gzip, or none.`, {
      httpStatus: 415,
    });
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return new BodyReader(request, encoding === 'gzip', limits).done;
}

class BodyReader {
  readonly done: Promise<ReadBody>;
  readonly #source: Readable;
  #body = new BodyPieces();
  #pieces = 0;
  #arrival: Arrival = { received: () => 0, onLate: () => undefined };
  #length = 0;
  #sentBytes = 0;
  #isOver = false;

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
      this.#arrival = { received: () => this.#sentBytes, onLate: fail };
      limits.arrivals.add(this.#arrival);
      request.on('data', (chunk: Buffer) => {
        this.#sentBytes += chunk.length;
        this.#pieces += 1;
        if (isCrumbled(this.#pieces, this.#sentBytes)) fail(crumbled());
        // Inflated data has its own pace.
        if (!isGzip) limits.pace.count(request, chunk.length);
      });
      const cancel = () => fail(new ServingError('CANCELLED', 'The client has gone.'));
      request.on('error', cancel);
      request.on('close', () => {
        limits.pace.forget(request);
        if (!request.complete) cancel();
      });
      this.#source.on('data', (chunk: Buffer) => {
        try {
          this.#add(chunk);
        } catch (error) {
          fail(error as ServingError);
        }
      });
      request.on('end', () => limits.arrivals.delete(this.#arrival));
      this.#source.on('end', () => resolve(this.#result()));
      if (this.#source === request) return;
      this.#source.on('error', ({ message }: Error) => {
        fail(new ServingError('INVALID_ARGUMENT', `The body is not in gzip's format: ${message}`));
      });
    });
  }

  #add(chunk: Buffer): void {
    const { maxBytes, claim } = this.limits;
    if (this.#isOver) return;
    if (this.#length + chunk.length > maxBytes) throw tooLarge(maxBytes);
    claim.take(chunk.length);
    this.#length += chunk.length;
    this.#body.add(chunk);
  }

  #result(): ReadBody {
    return { chunks: this.#body.chunks, length: this.#length, sentBytes: this.#sentBytes };
  }

  /** The rest is read and dropped: a client that is cut off while it sends would not see the answer. */
  #giveUp(): void {
    this.#isOver = true;
    this.limits.arrivals.delete(this.#arrival);
    this.limits.claim.release();
    releaseBody(this.#body);
    this.#body = new BodyPieces();
    if (this.#source !== this.request) {
      this.request.unpipe();
      this.#source.destroy();
    }
    this.limits.pace.drop(this.request);
  }
}

function crumbled(): ServingError {
  return new ServingError(
    'INVALID_ARGUMENT',
    'The body comes in too many small pieces. Send it in larger ones, or whole.',
  );
}

function tooLarge(limit: number): ServingError {
  const message = `The body is larger than ${mebibytes(limit)}, the server's limit. Send fewer or smaller inputs in a request.`;
  return new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 });
}
