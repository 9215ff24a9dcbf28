/** A body in the pieces in which it arrived; a body that goes to another thread is never joined here. */
export interface ReceivedBody {
  /** In bytes. */
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
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

/** Collects the pieces of a body. Clients may send one byte at a time: a Buffer for each would take a hundred times the memory. */
export class BodyPieces {
  readonly #chunks: Uint8Array[] = [];
  /** Buffer of the last of them, when it holds small ones and has room. */
  #open: Buffer | undefined;

  add(chunk: Buffer): void {
    const last = this.#chunks.at(-1);
    const isAlone = chunk.length >= smallPiece || (!this.#open && (last?.length ?? smallPiece) >= smallPiece);
    if (!last || isAlone || last.length + chunk.length > mostTogether) {
      this.#open = undefined;
      this.#chunks.push(chunk);
      return;
    }
    const length = last.length + chunk.length;
    if (!this.#open || this.#open.length < length) {
      this.#open = Buffer.allocUnsafeSlow(Math.min(mostTogether, Math.max(smallPiece, 2 * length)));
      this.#open.set(last);
    }
    chunk.copy(this.#open, last.length);
    this.#chunks[this.#chunks.length - 1] = this.#open.subarray(0, length);
  }

  get chunks(): readonly Uint8Array[] {
    return this.#chunks;
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

/** A body in the form for `postMessage`: pieces that have memory of their own are moved, others are copied. */
export function movedBody({ chunks }: ReceivedBody): { chunks: Uint8Array[]; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>();
  const moved = chunks.map((chunk) => {
    const { buffer, byteLength } = chunk;
    const isOwn = buffer.byteLength > poolBytes && buffer.byteLength - byteLength <= mostBesides && !transfer.has(buffer as ArrayBuffer);
    const own = isOwn ? chunk : new Uint8Array(chunk);
    transfer.add(own.buffer as ArrayBuffer);
    return own;
  });
  return { chunks: moved, transfer: [...transfer] };
} // prettier-ignore
