import type { Socket } from 'node:net';

/** File descriptors that are kept for models, logs and everything else that is no connection. */
const reserve = 64;
/** Where nothing says how many files may be open. */
const most = 10_000;

/** A connection as far as its limit goes. */
interface Held {
  readonly socket: Socket;
  /** Whether it has no request under way. */
  readonly isIdle: () => boolean;
}

/**
 * How many connections may be open at once, on both ports together: fewer than the process may open files.
 *
 * Where there is no room, the connection goes that has been without a request longest; only when all are busy, the new one.
 */
export class ConnectionLimit {
  readonly #held = new Set<Held>();

  /** @param limit Default: what `ulimit -n` leaves, 10,000 at most. */
  constructor(readonly limit = defaultLimit()) {}

  get size(): number {
    return this.#held.size;
  }

  /** Takes a connection in, or closes it. */
  admit(socket: Socket, isIdle: () => boolean): void {
    if (this.#held.size >= this.limit && !this.#makeRoom()) {
      // Its server is still about to hear of it.
      setImmediate(() => socket.destroy());
      return;
    }
    const held = { socket, isIdle };
    this.#held.add(held);
    socket.once('close', () => this.#held.delete(held));
  }

  /** The one that has been here longest comes first. */
  #makeRoom(): boolean {
    for (const held of this.#held) {
      if (!held.isIdle()) continue;
      this.#held.delete(held);
      held.socket.destroy();
      return true;
    }
    return false;
  }
}

function defaultLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const files = Number(report.userLimits?.open_files?.soft);
  return Number.isFinite(files) ? Math.max(1, Math.min(most, files - reserve)) : most;
}
