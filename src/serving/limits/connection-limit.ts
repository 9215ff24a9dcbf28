import type { Socket } from 'node:net';

/** File descriptors that are kept for models, logs and everything else that is not a connection. */
const reserve = 64;
/** Limit if the number of files that may be open is unknown. */
const most = 10_000;

/** Whether a connection has no request in progress, only requests that have not fully arrived, or one that is being answered. */
export type ConnectionState = 'idle' | 'arriving' | 'busy';

/** A connection as far as its limit goes. */
interface Held {
  readonly socket: Socket;
  readonly state: () => ConnectionState;
}

/**
 * How many connections may be open at once, on both ports together: fewer than the process may open files.
 *
 * If there is no room, the oldest connection without a request is closed, or else the oldest whose request has not arrived; the new one is closed
 * only when all others are being answered.
 */
export class ConnectionLimit {
  readonly #held = new Set<Held>();

  /** @param limit Default: what `ulimit -n` leaves, at most 10,000. */
  constructor(readonly limit = defaultLimit()) {}

  get size(): number {
    return this.#held.size;
  }

  /** Accepts a connection, or closes it. */
  admit(socket: Socket, state: () => ConnectionState): void {
    if (this.#held.size >= this.limit && !this.#makeRoom()) {
      // Its server has not been told about it yet.
      setImmediate(() => socket.destroy());
      return;
    }
    const held = { socket, state };
    this.#held.add(held);
    socket.once('close', () => this.#held.delete(held));
  }

  /** The one that has been here longest comes first. */
  #makeRoom(): boolean {
    for (const wanted of ['idle', 'arriving'] as const) {
      for (const held of this.#held) {
        if (held.state() !== wanted) continue;
        this.#held.delete(held);
        held.socket.destroy();
        return true;
      }
    }
    return false;
  }
}

/** What `ulimit -n` leaves, read once: a process report waits for every thread, including those that compute. */
let leftByUlimit: number | undefined;

function defaultLimit(): number {
  leftByUlimit ??= limitOf(openFiles());
  return leftByUlimit;
}

function limitOf(files: number): number {
  return Number.isFinite(files) ? Math.max(1, Math.min(most, files - reserve)) : most;
}

/** How many files the process may open; NaN if unknown. */
function openFiles(): number {
  // Node.js has had it since 20.13, but its types do not.
  const settings = process.report as typeof process.report & { excludeNetwork?: boolean };
  const { excludeNetwork = false } = settings;
  // The report would look up the other end of every connection. Reports that others request are not affected.
  settings.excludeNetwork = true;
  try {
    const report = settings.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
    return Number(report.userLimits?.open_files?.soft);
  } finally {
    settings.excludeNetwork = excludeNetwork;
  }
}
