import type { Socket } from 'node:net';

/** File descriptors that are kept for models, logs and everything else that is not a connection. */
const reserve = 64;
/** Where nothing says how many files may be open. */
const most = 10_000;

/** Whether a connection has no request under way, only some that have not come whole, or one that is being answered. */
export type ConnectionState = 'idle' | 'arriving' | 'busy';

/** A connection as far as its limit goes. */
interface Held {
  readonly socket: Socket;
  readonly state: () => ConnectionState;
}

/**
 * How many connections may be open at once, on both ports together: fewer than the process may open files.
 *
 * Where there is no room, the oldest connection without a request goes, else the oldest whose request does not arrive; only when all
 * are being answered, the new one.
 */
export class ConnectionLimit {
  readonly #held = new Set<Held>();

  /** @param limit Default: what `ulimit -n` leaves, 10,000 at most. */
  constructor(readonly limit = defaultLimit()) {}

  get size(): number {
    return this.#held.size;
  }

  /** Takes a connection in, or closes it. */
  admit(socket: Socket, state: () => ConnectionState): void {
    if (this.#held.size >= this.limit && !this.#makeRoom()) {
      // Its server is still about to hear of it.
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

/** How many files the process may open; NaN where nothing says it. */
function openFiles(): number {
  // Node.js has it since 20.13; the types do not.
  const settings = process.report as typeof process.report & { excludeNetwork?: boolean };
  const { excludeNetwork = false } = settings;
  // The report would look up the other end of every connection. Reports that others ask for stay as they are.
  settings.excludeNetwork = true;
  try {
    const report = settings.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
    return Number(report.userLimits?.open_files?.soft);
  } finally {
    settings.excludeNetwork = excludeNetwork;
  }
}
