import { sharedMemory } from '../worker/shared-memory.js';
import { freeMemory } from './free-memory.js';

/** A body in the pieces in which it arrived; a body that goes to another thread is never joined here. */
export interface ReceivedBody {
  /** In bytes. */
  readonly length: number;
  /** Empty once the body has been released. */
  readonly chunks: Uint8Array[];
}

/** Gives back the shared memory of a body that nobody reads any more. */
export function releaseBody({ chunks }: Pick<ReceivedBody, 'chunks'>): void {
  // Emptied, because the memory may soon be somebody else's.
  for (const { buffer } of chunks.splice(0)) if (buffer instanceof SharedArrayBuffer) sharedMemory.giveBack(buffer);
}

/** Size of the pieces of a large body in shared memory, in bytes. */
const sharedPieceBytes = 2 ** 20;

/** Memory for the next piece of a large body; undefined if none can be lent. */
export function sharedPiece(): Buffer | undefined {
  const memory = sharedMemory.take(sharedPieceBytes);
  return memory && Buffer.from(memory, 0, sharedPieceBytes);
}

/** After this many pieces, they must have at least this many bytes on average. */
const mostPieces = 4096;
const leastAverage = 64;

/**
 * Whether a body arrives in tiny pieces. Each piece costs the client a few bytes, but the answering thread microseconds, so all others would have to
 * wait.
 */
export function isCrumbled(pieces: number, bytes: number): boolean {
  return pieces > mostPieces && bytes < pieces * leastAverage;
}

/** Smaller pieces, in bytes, are joined as they arrive. */
const smallPiece = 2 ** 12;
/** The largest buffer that holds them, in bytes. */
const mostTogether = 2 ** 16;

/**
 * Collects the pieces of a body. Clients may send one byte at a time: a Buffer for each would take a hundred times the memory. From the second
 * mebibyte on, they are in shared memory.
 */
export class BodyPieces {
  readonly chunks: Uint8Array[] = [];
  #length = 0;
  /** Shared memory that has room. */
  #shared: Buffer | undefined;
  /** Buffer of the last of them, when it holds small ones and has room. */
  #open: Buffer | undefined;

  add(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length <= sharedPieceBytes || !this.#share(chunk)) this.#keep(chunk);
  }

  /** Copies a piece to shared memory. @returns Whether there is any. */
  #share(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length;) {
      const used = this.#shared ? (this.chunks.at(-1)?.length ?? 0) : 0;
      const piece = this.#shared ?? sharedPiece();
      if (!piece) {
        if (at > 0) this.#keep(chunk.subarray(at));
        return at > 0;
      }
      if (!this.#shared) this.chunks.push(piece.subarray(0, 0));
      const count = chunk.copy(piece, used, at);
      at += count;
      this.chunks[this.chunks.length - 1] = piece.subarray(0, used + count);
      this.#shared = used + count < piece.length ? piece : undefined;
    }
    if (chunk.byteLength === chunk.buffer.byteLength) freeMemory(chunk.buffer as ArrayBuffer);
    return true;
  }

  #keep(chunk: Buffer): void {
    this.#shared = undefined;
    const last = this.chunks.at(-1);
    const isAlone = chunk.length >= smallPiece || (!this.#open && (last?.length ?? smallPiece) >= smallPiece);
    if (!last || isAlone || last.length + chunk.length > mostTogether) {
      this.#open = undefined;
      this.chunks.push(chunk);
      return;
    }
    const length = last.length + chunk.length;
    if (!this.#open || this.#open.length < length) {
      this.#open = Buffer.allocUnsafeSlow(Math.min(mostTogether, Math.max(smallPiece, 2 * length)));
      this.#open.set(last);
    }
    chunk.copy(this.#open, last.length);
    this.chunks[this.chunks.length - 1] = this.#open.subarray(0, length);
  }
}

/** All of a body in one piece. */
export function bodyBytes({ chunks, length }: ReceivedBody): Buffer {
  const [first = new Uint8Array(), ...others] = chunks;
  if (others.length > 0) return Buffer.concat(chunks, length);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

/** Number of other bytes that a piece may share its memory with and still be moved: the prefix of a gRPC message. */
const mostBesides = 16;
/** Smaller buffers may be in Node.js's pool. */
const poolBytes = 2 ** 13;

/** A body in the form for `postMessage`: pieces that have memory of their own are moved, shared ones stay, others are copied. */
export function movedBody({ chunks }: ReceivedBody): { chunks: Uint8Array[]; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const moved = chunks.map((chunk) => {
    const { buffer, byteLength } = chunk;
    if (buffer instanceof SharedArrayBuffer) return chunk;
    const isOwn =
      buffer.byteLength > poolBytes && buffer.byteLength - byteLength <= mostBesides && !transfer.has(buffer);
    const own = isOwn ? chunk : new Uint8Array(chunk);
    transfer.add(own.buffer as ArrayBuffer);
    return own;
  });
  return { chunks: moved, transfer: [...transfer] };
}
