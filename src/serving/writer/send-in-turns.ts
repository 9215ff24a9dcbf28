import type { LargeAnswer } from './large-answer.js';

/** Bytes that are sent in one turn of the event loop: copying them to the system takes some tenths of a millisecond, more with TLS. */
export const turnBytes = 2 ** 18;

/** Where an answer is sent. */
export interface Sink {
  /** Sends a part, and calls back when it has left. */
  readonly write: (part: Buffer, done: (error?: Error | null) => void) => void;
  /** Whether nobody receives the answer any more. */
  readonly isGone: () => boolean;
  /** Called when all has been sent, or with the error that ended it. */
  readonly end: (error?: Error) => void;
}

/**
 * Sends a large answer part by part, one per turn of the event loop. A part that the system takes at once has left in the same turn; to a client on
 * the same machine, which receives as fast as the server sends, the turn would not end before the answer does.
 */
export function sendInTurns(answer: LargeAnswer, { write, isGone, end }: Sink): void {
  const send = (piece: Buffer, at: number) => {
    if (isGone()) return;
    const next = at + turnBytes;
    write(piece.subarray(at, next), (error) => {
      if (error) {
        end(error);
        return;
      }
      if (next >= piece.length) answer.free(piece);
      setImmediate(() => (next < piece.length ? send(piece, next) : sendNext()));
    });
  };
  const sendNext = () => {
    if (isGone()) return;
    const piece = answer.next();
    if (piece) send(piece, 0);
    else end();
  };
  sendNext();
}
