/** A body in the pieces that it came in: one that goes to another thread is never laid together here. */
export interface ReceivedBody {
  /** In bytes. */
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
}

/** All of a body in one piece. */
export function bodyBytes({ chunks, length }: ReceivedBody): Buffer {
  const [first = new Uint8Array(), ...others] = chunks;
  if (others.length > 0) return Buffer.concat(chunks, length);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}

/** What a piece may share its memory with and still move alone: the prefix of a gRPC message. */
const mostBesides = 16;
/** Smaller buffers may lie in Node.js's pool. */
const poolBytes = 2 ** 13;

/** A body as `postMessage` takes it: pieces that have their memory for themselves move, others are copied. */
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
