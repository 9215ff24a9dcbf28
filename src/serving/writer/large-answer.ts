import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

import { freeMemory } from '../limits/free-memory.js';

/** A large answer that is sent piece by piece. */
export interface LargeAnswer {
  /** In bytes. */
  readonly length: number;
  /** The next piece; undefined after the last. */
  readonly next: () => Buffer | undefined;
  /** Frees a piece that has been sent. */
  readonly free: (piece: Buffer) => void;
  /** Frees what is left. To be called in any case. */
  readonly close: () => void;
}

/** Size of a piece in bytes. */
export const pieceBytes = 2 ** 20;

/** What the thread that has written an answer returns: all of it, or a port in which its pieces wait. */
export type WrittenAnswer = { readonly bytes: Uint8Array } | { readonly length: number; readonly port: MessagePort };

/** Writes an answer in the thread of an `AnswerWriter`, so that it never is in one piece of more than a mebibyte. */
export class PieceWriter {
  #piece = Buffer.allocUnsafeSlow(pieceBytes);
  /** Bytes of the piece that are used. */
  #used = 0;
  #channel: MessageChannel | undefined;
  length = 0;

  add(bytes: Uint8Array): void {
    this.length += bytes.length;
    for (let at = 0; at < bytes.length;) {
      if (this.#used === pieceBytes) this.#post();
      const part = bytes.subarray(at, at + pieceBytes - this.#used);
      this.#piece.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
    }
  }

  /** What was written, and what moves to the other thread with it. */
  end(): { result: WrittenAnswer; transfer: (ArrayBuffer | MessagePort)[] } {
    if (!this.#channel) {
      const bytes = new Uint8Array(this.#piece.subarray(0, this.#used));
      return { result: { bytes }, transfer: [bytes.buffer] };
    }
    this.#post();
    this.#channel.port1.close();
    const port = this.#channel.port2;
    return { result: { length: this.length, port }, transfer: [port] };
  }

  /** Frees everything. */
  discard(): void {
    this.#channel?.port1.close();
    this.#channel?.port2.close();
  }

  #post(): void {
    this.#channel ??= new MessageChannel();
    const piece = this.#piece.subarray(0, this.#used);
    this.#channel.port1.postMessage(piece, [piece.buffer]);
    this.#piece = Buffer.allocUnsafeSlow(pieceBytes);
    this.#used = 0;
  }
}

/** The answering thread's side: memory that waits in a port belongs to no thread, and does not make V8 collect garbage. */
export function largeAnswer({ length, port }: Extract<WrittenAnswer, { readonly port: MessagePort }>): LargeAnswer {
  return {
    length,
    next: () => {
      const received = receiveMessageOnPort(port);
      if (!received) return undefined;
      const { buffer, byteOffset, byteLength } = received.message as Uint8Array;
      return Buffer.from(buffer, byteOffset, byteLength);
    },
    free: ({ buffer }) => freeMemory(buffer as ArrayBuffer),
    close: () => port.close(),
  };
}

/** An answer that this thread has written itself. */
export function answerOf(bytes: Buffer): LargeAnswer {
  let at = 0;
  return {
    length: bytes.length,
    next: () => (at < bytes.length ? bytes.subarray(at, (at += pieceBytes)) : undefined),
    free: () => undefined,
    close: () => (at = bytes.length),
  };
}

export function isLargeAnswer(answer: unknown): answer is LargeAnswer {
  return typeof answer === 'object' && answer !== null && 'next' in answer && 'free' in answer;
}
