import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';

type Values = Readonly<Record<string, TensorValue>>;
type View = Exclude<ElementValues, readonly Uint8Array[]>;

/** Smaller values, in bytes, are moved or copied. */
const leastBytes = 2 ** 20;
/** Maximum size of all shared memory in bytes: one of the largest requests, its inputs and its outputs. More of them use memory of their own. */
const mostBytes = 320 * 2 ** 20;
/** Time after which memory that nobody uses is given up, in milliseconds. */
const idleMilliseconds = 10_000;
/** If there is no room for new memory, free memory of up to this many times the size is lent. */
const mostTimes = 4;
/** Strings of fewer bytes on average are joined, not shared. */
const leastStringBytes = 2 ** 12;

interface Lease {
  readonly bytes: number;
  /** Number of those who still use the memory. */
  holders: number;
}

/**
 * Memory that the answering thread lends to the values of large requests, and that other threads read and fill where it is.
 *
 * A large ArrayBuffer makes V8 collect garbage in the thread that receives it, for 20 to 60 ms per 64 MiB; new memory of that size takes as long to
 * be filled for the first time. V8 does not count shared memory, so it would keep that of dead requests; therefore it is used again, and never is more
 * than 320 MiB (docs/decisions/0020).
 */
export class SharedMemory {
  #free: SharedArrayBuffer[] = [];
  readonly #leases = new WeakMap<SharedArrayBuffer, Lease>();
  /** Memory counts until V8 has freed it, also if somebody forgot to release it. */
  readonly #freed = new FinalizationRegistry<Lease>(({ bytes, holders }) => {
    this.#bytes -= bytes;
    if (holders > 0) this.#lent -= 1;
  });
  #bytes = 0;
  #lent = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When free memory was last given up, by `performance.now`. */
  #gaveUpAt = -Infinity;

  /**
   * Lends memory to the caller, its first holder.
   *
   * @returns At least this many bytes, with anything in them; undefined if that is little, or if too much is lent already.
   */
  take(bytes: number): SharedArrayBuffer | undefined {
    if (bytes < leastBytes) return undefined;
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const buffer = this.#reuse(size, size) ?? this.#make(size) ?? this.#reuse(size, size * mostTimes);
    const lease = buffer && this.#leases.get(buffer);
    if (!lease) {
      this.#makeRoom(size);
      return undefined;
    }
    lease.holders = 1;
    this.#lent += 1;
    return buffer;
  }

  /** Number of pieces of memory that are lent. */
  get lent(): number {
    return this.#lent;
  }

  /** Adds a holder of the memory that these values are in, if it was lent. */
  hold(values: Values): void {
    for (const lease of this.#leasesOf(values).values()) lease.holders += 1;
  }

  /** Removes a holder. The memory is lent again when none is left. */
  release(values: Values): void {
    for (const buffer of this.#leasesOf(values).keys()) this.giveBack(buffer);
  }

  /** Removes a holder of memory. */
  giveBack(buffer: SharedArrayBuffer): void {
    const lease = this.#leases.get(buffer);
    if (!lease || lease.holders === 0) return;
    lease.holders -= 1;
    if (lease.holders > 0) return;
    this.#lent -= 1;
    this.#free.push(buffer);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), idleMilliseconds).unref();
  }

  /** The smallest free memory of at least and at most these sizes. */
  #reuse(least: number, most: number): SharedArrayBuffer | undefined {
    const [smallest] = this.#free
      .filter(({ byteLength }) => byteLength >= least && byteLength <= most)
      .sort((one, other) => one.byteLength - other.byteLength);
    if (smallest) this.#free.splice(this.#free.indexOf(smallest), 1);
    return smallest;
  }

  /** Gives up free memory if there would be room for this size without it; V8 frees it later, so only the next request profits. */
  #makeRoom(size: number): void {
    const free = this.#free.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (free < size || performance.now() - this.#gaveUpAt < idleMilliseconds) return;
    this.#giveUp();
  }

  #make(size: number): SharedArrayBuffer | undefined {
    if (this.#bytes + size > mostBytes) return undefined;
    const buffer = newBuffer(SharedArrayBuffer, size);
    if (!buffer) return undefined;
    const lease = { bytes: size, holders: 0 };
    this.#bytes += size;
    this.#leases.set(buffer, lease);
    this.#freed.register(buffer, lease);
    return buffer;
  }

  #giveUp(): void {
    this.#free = [];
    this.#gaveUpAt = performance.now();
    askForCollection();
  }

  #leasesOf(values: Values): ReadonlyMap<SharedArrayBuffer, Lease> {
    const found = new Map<SharedArrayBuffer, Lease>();
    if (this.#lent === 0) return found;
    for (const { values: elements } of Object.values(values)) {
      const buffer = sharedBufferOf(elements);
      const lease = buffer && this.#leases.get(buffer);
      if (lease) found.set(buffer, lease);
    }
    return found;
  }
}

/** The shared memory of the answering thread. */
export const sharedMemory = new SharedMemory();

/** Makes V8 collect garbage soon, in small steps. It does so after 64 MiB of other memory, whose pages the system makes only when they are used. */
export function askForCollection(): void {
  newBuffer(ArrayBuffer, 2 ** 27);
}

/** @returns Undefined if the system has no memory left for it. */
function newBuffer<Made>(Kind: new (bytes: number) => Made, bytes: number): Made | undefined {
  try {
    return new Kind(bytes);
  } catch {
    return undefined;
  }
}

/** The shared memory that elements are in; undefined for memory of their own. */
export function sharedBufferOf(elements: ElementValues): SharedArrayBuffer | undefined {
  const first = Array.isArray(elements) ? (elements as readonly Uint8Array[])[0] : (elements as View);
  return first?.buffer instanceof SharedArrayBuffer ? first.buffer : undefined;
}

/** Copies those values into shared memory that are large and fit. */
export function placeValues(values: Values, memory: SharedArrayBuffer): Values {
  let at = 0;
  const place = ({ dtype, shape, values: elements }: TensorValue): TensorValue => {
    const strings = Array.isArray(elements) ? (elements as readonly Uint8Array[]) : undefined;
    const bytes = strings?.reduce((sum, { length }) => sum + length, 0) ?? (elements as View).byteLength;
    const areSmall = bytes < leastBytes || (strings !== undefined && bytes < strings.length * leastStringBytes);
    if (areSmall || at + bytes > memory.byteLength) return { dtype, shape, values: elements };
    const start = at;
    // As BigInt64Array and Float64Array need it.
    at = Math.ceil((at + bytes) / 8) * 8;
    if (!strings) return { dtype, shape, values: copied(elements as View, memory, start) };
    let next = start;
    const views = strings.map((string) => {
      const view = copied(string, memory, next) as Uint8Array;
      next += string.length;
      return view;
    });
    return { dtype, shape, values: views };
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, place(value)]));
}

function copied(elements: View, memory: SharedArrayBuffer, at: number): View {
  const view = viewOf(elements, memory, at, elements.length);
  (view as Uint8Array).set(elements as Uint8Array);
  return view;
}

/** Elements of the same type in other memory. A Buffer becomes a Uint8Array. */
export function viewOf(like: View, memory: SharedArrayBuffer, at: number, length: number): View {
  const Elements = (Buffer.isBuffer(like) ? Uint8Array : like.constructor) as new (
    buffer: SharedArrayBuffer,
    byteOffset: number,
    length: number,
  ) => View;
  return new Elements(memory, at, length);
}
