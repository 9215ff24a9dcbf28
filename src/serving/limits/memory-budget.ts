import { mebibytes } from '../../data/image-file/image-limits.js';
import { clientHasGone } from '../cancellation.js';
import { ServingError } from '../serving-error.js';

/**
 * Default limit: seven of the largest requests, for which the process takes about twice as much memory, less than 1 GiB (`npm run bench:hostile`).
 */
const leastLimit = 448 * 2 ** 20;
/** Share of the limit up to which a request counts as small: 896 KiB of 448 MiB. */
const smallPart = 1 / 512;
/** Share of the limit up to which a request has ordinary size: 56 KiB of 448 MiB. */
const ordinaryPart = smallPart / 16;
/** Share that is reserved for small requests, so that a few large ones cannot keep everybody else out. */
const reserve = 1 / 4;
/** Share of the limit that is reserved for ordinary requests, so that many small ones cannot do it either. */
const ordinaryReserve = 1 / 16;
/** Share that one address may take of the memory for small requests, and of that for ordinary ones. */
const smallShare = 3 / 4;
const ordinaryShare = 15 / 16;

/**
 * Memory that all requests may take together, over any protocol: their bodies while they arrive, the values read from them, and the answers until
 * they are sent.
 *
 * A quarter is kept for small requests, and a quarter of that for those of ordinary size. Of the rest, an address may take half of what the others
 * leave: one client gets a lot, and the next one still finds some. With small requests it may take more, as many clients behind a proxy do, but not
 * all.
 */
export class MemoryBudget {
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  /** @param limit In bytes. Default: 448 MiB. */
  constructor(readonly limit = leastLimit) {}

  /** A budget for requests of up to this many bytes: seven times as much, and at least the default. */
  static forRequestsOf(maxBytes: number): MemoryBudget {
    return new MemoryBudget(Math.max(leastLimit, 7 * maxBytes));
  }

  /** Memory that is taken now, in bytes. */
  get taken(): number {
    return this.#taken;
  }

  /** Opens an account for one request. @param address The client's address. */
  open(address = ''): MemoryClaim {
    return new MemoryClaim(networkOf(address), this.#add);
  }

  readonly #add: AddBytes = (network, bytes, total) => {
    if (bytes > 0) this.#check(network, bytes, total);
    this.#taken += bytes;
    const own = (this.#byAddress.get(network) ?? 0) + bytes;
    if (own > 0) this.#byAddress.set(network, own);
    else this.#byAddress.delete(network);
  };

  #check(address: string, bytes: number, total: number): void {
    const isSmall = total <= this.limit * smallPart;
    const kept = total <= this.limit * ordinaryPart ? 0 : isSmall ? ordinaryReserve : reserve;
    const limit = this.limit * (1 - kept);
    if (this.#taken + bytes > limit) {
      throw tooMuch(`The requests that the server is reading take ${mebibytes(limit)} already, its limit.`);
    }
    const own = this.#byAddress.get(address) ?? 0;
    const ofSmall = limit * (kept === 0 ? ordinaryShare : smallShare);
    const share = isSmall ? ofSmall : (limit - (this.#taken - own)) / 2;
    if (own + bytes > share) {
      throw tooMuch(`The requests of your address would take more than ${mebibytes(share)}, its share of the server.`);
    }
  }
}

/** Adds to the memory that clients have taken. @param total What the request will then have taken. @throws ServingError `RESOURCE_EXHAUSTED` */
type AddBytes = (network: string, bytes: number, total: number) => void;

/** The memory that one request has taken from a budget. */
export class MemoryClaim {
  #bytes = 0;
  #isClosed = false;

  constructor(
    private readonly network: string,
    private readonly add: AddBytes,
  ) {}

  /** @throws ServingError `RESOURCE_EXHAUSTED` if that much is not left, `CANCELLED` once it is closed. */
  take(bytes: number): void {
    this.exchange(this.#bytes + bytes);
  }

  /** Takes that much, or nothing. @returns Whether it was left. */
  tryTake(bytes: number): boolean {
    try {
      this.take(bytes);
      return true;
    } catch {
      return false;
    }
  }

  give(bytes: number): void {
    const given = Math.min(bytes, this.#bytes);
    this.add(this.network, -given, 0);
    this.#bytes -= given;
  }

  /** Replaces the claim by one for what the data has become: a body becomes values, and these an answer. @throws Like `take`. */
  exchange(bytes: number): void {
    if (this.#isClosed) throw clientHasGone();
    this.add(this.network, bytes - this.#bytes, bytes);
    this.#bytes = bytes;
  }

  /** Returns everything; may be called several times. */
  release(): void {
    this.give(this.#bytes);
  }

  /** Returns everything when the request is over; code that still computes for it cannot claim more. */
  close(): void {
    this.release();
    this.#isClosed = true;
  }
}

/** A client with one IPv6 address has its whole /64. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0')].slice(0, 4).join(':');
}

function tooMuch(reason: string): ServingError {
  return new ServingError('RESOURCE_EXHAUSTED', `${reason} Try again later.`);
}
