import type { ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';

import { freeMemory } from '../limits/free-memory.js';
import { type ReceivedBody, releaseBody, sharedPiece } from '../limits/received-body.js';
import type { LargeAnswer } from '../writer/large-answer.js';
import { sendInTurns } from '../writer/send-in-turns.js';

/*
 * grpc-js lays all pieces of a message together when the last one has come, and copies an answer before it sends it: for 64 MiB, the thread that
 * answers is busy for 60 ms each time. So messages above 1 MiB pass it by: it is given an empty one in their place.
 */

/** Messages larger than this, in bytes, bypass grpc-js. */
export const largeBytes = 2 ** 20;
/** Whether a message is compressed, in a byte, and its length in four. */
const prefixBytes = 5;
/**
 * Memory for a message is taken in pieces from this size on, in bytes; the next piece is as large as what has arrived: a client that announces much
 * and sends little occupies little. Pieces of a mebibyte are in shared memory.
 */
const leastPieceBytes = 2 ** 12;
const pieceBytes = 2 ** 20;

/** A large message that has arrived. */
export interface LargeMessage {
  readonly isCompressed: boolean;
  readonly body: ReceivedBody;
}

/** Receiver of what arrives over a stream. */
export interface MessageReceiver {
  /** Counts what arrives. @returns Whether to accept more; once it is false, it stays so. */
  count(chunk: Buffer): boolean;
  /** The message, once it has arrived, if it is large; grpc-js gets an empty one instead. */
  message?: LargeMessage;
}

/**
 * Counts what arrives over a stream, and receives its message itself if that is large. Call it before grpc-js listens.
 *
 * The length is read from the first piece that arrives; if that is too short, it is left to grpc-js, with everything that follows.
 *
 * @param mostBytes The largest message; grpc-js refuses a larger one itself.
 */
export function receiveLarge(stream: ServerHttp2Stream, receiver: MessageReceiver, mostBytes: number): void {
  const toGrpc = (chunk: Buffer | null) => Readable.prototype.push.call(stream, chunk);
  let message: ArrivingMessage | undefined;
  let isFirst = true;
  const read = new ReadMemory();
  // Node.js pushes what arrives over HTTP/2; there is no other place before the listeners of `data`. The method is never deleted: that would make the
  // stream a dictionary for V8, and every access to it slow.
  stream.push = (chunk: Buffer | null): boolean => {
    if (!chunk) return toGrpc(null);
    const isWanted = receiver.count(chunk);
    let content = chunk;
    if (isFirst) {
      isFirst = false;
      const length = chunk.length >= prefixBytes ? chunk.readUInt32BE(1) : 0;
      if (length > largeBytes && length <= mostBytes) {
        message = new ArrivingMessage(length, chunk[0] === 1);
        // A whole one is released by whoever reads it.
        stream.once('close', () => message && releaseBody(message.body));
        content = chunk.subarray(prefixBytes);
      }
    }
    if (!message) return toGrpc(chunk);
    // Nobody needs the rest of a message that was refused.
    if (!isWanted) return true;
    read.add(chunk);
    return message.add(content) ? end(message) : true;
  };
  const end = ({ isCompressed, body, surplus }: ArrivingMessage): boolean => {
    message = undefined;
    receiver.message = { isCompressed, body };
    const isReading = toGrpc(Buffer.alloc(prefixBytes));
    // A second message, which grpc-js refuses.
    return surplus.length > 0 ? toGrpc(surplus) : isReading;
  };
}

/** Size of the header of an HTTP/2 frame in bytes. */
const frameHeaderBytes = 9;

/**
 * Frees what Node.js has read from the socket once it has been copied: it makes an ArrayBuffer for each 64 KiB, and would collect garbage two or three
 * times for a message of 64 MiB.
 */
class ReadMemory {
  #buffer: ArrayBufferLike | undefined;
  /** Bytes of the buffer that did not come from this stream, without the headers of its frames. */
  #foreign = 0;

  /** Takes note of a view of what was read last. Its bytes are no longer needed when the next one is added. */
  add({ buffer, length }: Buffer): void {
    if (this.#buffer === buffer) {
      this.#foreign -= length + frameHeaderBytes;
      return;
    }
    // Only now: Node.js may still be reading further frames from a buffer whose view it has just pushed, and reads the next buffer when it has finished
    // with this one. If there was room for another frame, the buffer may also hold a part of another stream's message.
    if (this.#buffer instanceof ArrayBuffer && this.#foreign <= frameHeaderBytes) freeMemory(this.#buffer);
    this.#buffer = buffer;
    this.#foreign = buffer.byteLength - length;
  }
}

/** A message in its own memory: HTTP/2 delivers views of larger buffers. */
class ArrivingMessage {
  readonly #pieces: Buffer[] = [];
  #received = 0;
  /** Bytes of the last piece that are still free. */
  #left = 0;
  /** Bytes that came after the message. */
  surplus: Buffer = Buffer.alloc(0);

  constructor(
    readonly length: number,
    readonly isCompressed: boolean,
  ) {}

  get body(): ReceivedBody {
    return { chunks: this.#pieces, length: this.length };
  }

  /** @returns Whether all of the message has come. */
  add(chunk: Buffer): boolean {
    const end = Math.min(chunk.length, this.length - this.#received);
    for (let at = 0; at < end;) {
      const piece = this.#openPiece();
      const count = chunk.copy(piece, piece.length - this.#left, at, Math.min(end, at + this.#left));
      at += count;
      this.#left -= count;
      this.#received += count;
    }
    this.surplus = chunk.subarray(end);
    return this.#received === this.length;
  }

  /** The last piece that has room, or a new one. */
  #openPiece(): Buffer {
    const last = this.#pieces.at(-1);
    if (last && this.#left > 0) return last;
    const size = Math.min(pieceBytes, Math.max(leastPieceBytes, this.#received), this.length - this.#received);
    const shared = size === pieceBytes ? sharedPiece() : undefined;
    const piece = shared ?? Buffer.allocUnsafeSlow(size);
    this.#pieces.push(piece);
    this.#left = piece.length;
    return piece;
  }
}

/** A stream, with the part of its large answer that has not been sent yet. */
export interface AnsweringStream extends ServerHttp2Stream {
  unsentBytes?: number;
}

/** Sends a large answer in place of the empty message that grpc-js will write next. */
export function sendLarge(stream: AnsweringStream, message: LargeAnswer): void {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  stream.unsentBytes = message.length;
  stream.once('close', () => message.close());
  const write = ((_empty: Buffer, done: (error?: Error | null) => void): boolean => {
    Reflect.deleteProperty(stream, 'write');
    const send = () =>
      sendInTurns(message, {
        write: (part, sent) =>
          stream.write(part, (error) => {
            if (!error) stream.unsentBytes = Math.max(0, (stream.unsentBytes ?? 0) - part.length);
            sent(error);
          }),
        // The deadline has passed, or the client has gone.
        isGone: () => stream.writableEnded || stream.destroyed,
        end: done,
      });
    stream.write(prefix, (error) => (error ? done(error) : send()));
    return true;
  }) as ServerHttp2Stream['write'];
  stream.write = write;
}
