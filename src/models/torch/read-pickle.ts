/** A name that a pickle refers to, `module.name`; nothing is imported or called by it. */
export class PickledName {
  constructor(readonly name: string) {}
}

/** An object that a pickle leaves to its reader: what `persistent_load` would get. */
export class PersistentId {
  constructor(readonly id: PickledValue) {}
}

/** A call that a pickle asks for; it is recorded, not made. */
export class PickledCall {
  constructor(
    readonly name: string,
    readonly args: readonly PickledValue[],
  ) {}
}

/** A value in a pickle of plain data. Lists and tuples are arrays. */
export type PickledValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickledValue[]
  | Map<PickledValue, PickledValue>
  | PickledName
  | PersistentId
  | PickledCall;

/** The one function whose call has a result here: an empty dictionary. */
const orderedDict = 'collections.OrderedDict';

/**
 * Reads one pickle of protocol 2 as plain data. Nothing of it is run: a name must be in the list of allowed ones, and a call of one is returned as a
 * `PickledCall`. An opcode of one byte may make a dictionary, so their number is bounded.
 *
 * Source of the opcodes: CPython, Lib/pickletools.py. The ones that `torch.save` writes for a state dict are supported, all others are refused.
 *
 * @param start Where the pickle begins.
 * @returns The value, and where the pickle ends.
 * @throws Error that says what was found, and where.
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  allowedNames: readonly string[],
): { readonly value: PickledValue; readonly end: number } {
  return new PickleReader(bytes, start, allowedNames).read();
}

class PickleReader {
  readonly #bytes: Buffer;
  readonly #allowedNames: readonly string[];
  #position: number;
  #stack: PickledValue[] = [];
  /** The stacks below each mark. */
  readonly #below: PickledValue[][] = [];
  readonly #memo = new Map<number, PickledValue>();

  constructor(bytes: Uint8Array, start: number, allowedNames: readonly string[]) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#allowedNames = allowedNames;
  }

  read(): { value: PickledValue; end: number } {
    for (let steps = 0; ; steps += 1) {
      if (steps === mostSteps) throw new Error(`its pickle has more than ${mostSteps} opcodes`);
      const at = this.#position;
      const opcode = this.#take(1).readUInt8();
      if (opcode === stop) return { value: this.#pop(), end: this.#position };
      const step = this.#steps[String.fromCharCode(opcode)];
      if (!step) throw new Error(`its pickle has the opcode 0x${opcode.toString(16)} at byte ${at}, which is not read`);
      step();
    }
  }

  readonly #steps: Readonly<Record<string, () => void>> = {
    // PROTO
    '\x80': () => {
      const protocol = this.#take(1).readUInt8();
      if (protocol !== 2) throw new Error(`its pickle has protocol ${protocol}, not 2`);
    },
    // MARK
    '(': () => {
      this.#below.push(this.#stack);
      this.#stack = [];
    },
    // NONE, NEWTRUE, NEWFALSE
    N: () => this.#stack.push(null),
    '\x88': () => this.#stack.push(true),
    '\x89': () => this.#stack.push(false),
    // BININT, BININT1, BININT2, LONG1
    J: () => this.#stack.push(this.#take(4).readInt32LE()),
    K: () => this.#stack.push(this.#take(1).readUInt8()),
    M: () => this.#stack.push(this.#take(2).readUInt16LE()),
    '\x8a': () => this.#stack.push(littleEndian(this.#take(this.#take(1).readUInt8()))),
    // BINUNICODE
    X: () => this.#stack.push(this.#text(this.#take(4).readUInt32LE())),
    // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, TUPLE
    ')': () => this.#stack.push([]),
    '\x85': () => this.#stack.push(this.#popSome(1)),
    '\x86': () => this.#stack.push(this.#popSome(2)),
    '\x87': () => this.#stack.push(this.#popSome(3)),
    t: () => this.#pushAfterMark((items) => items),
    // EMPTY_LIST, APPEND, APPENDS
    ']': () => this.#stack.push([]),
    a: () => this.#append(this.#popSome(1)),
    e: () => this.#append(this.#popToMark()),
    // EMPTY_DICT, SETITEM, SETITEMS
    '}': () => this.#stack.push(new Map()),
    s: () => this.#setItems(this.#popSome(2)),
    u: () => this.#setItems(this.#popToMark()),
    // BINPUT, LONG_BINPUT, BINGET, LONG_BINGET
    q: () => this.#memo.set(this.#take(1).readUInt8(), this.#top()),
    r: () => this.#memo.set(this.#take(4).readUInt32LE(), this.#top()),
    h: () => this.#pushMemo(this.#take(1).readUInt8()),
    j: () => this.#pushMemo(this.#take(4).readUInt32LE()),
    // GLOBAL, BINPERSID, REDUCE, BUILD
    c: () => this.#stack.push(this.#name()),
    Q: () => this.#stack.push(new PersistentId(this.#pop())),
    R: () => this.#reduce(),
    b: () => this.#build(),
  };

  #take(size: number): Buffer {
    const end = this.#position + size;
    if (end > this.#bytes.length) throw new Error('its pickle ends early');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  #text(length: number): string {
    if (length > longestText)
      throw new Error(`its pickle has a text of ${length} bytes; at most ${longestText} are read`);
    return this.#take(length).toString('utf8');
  }

  #line(): string {
    const end = this.#bytes.indexOf(newline, this.#position);
    if (end === -1 || end - this.#position > longestName) throw new Error('its pickle ends within a name');
    const line = this.#bytes.toString('utf8', this.#position, end);
    this.#position = end + 1;
    return line;
  }

  #name(): PickledName {
    const name = `${this.#line()}.${this.#line()}`;
    if (this.#allowedNames.includes(name)) return new PickledName(name);
    throw new Error(`it wants ${JSON.stringify(name)} of Python, which weights do not need`);
  }

  /** A call is not made. The dictionary that `OrderedDict()` gives is made here. */
  #reduce(): void {
    const args = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof PickledName) || !Array.isArray(args))
      throw new Error('its pickle calls what is not a name');
    const isDict = callee.name === orderedDict && args.length === 0;
    this.#stack.push(isDict ? new Map() : new PickledCall(callee.name, args));
  }

  /** Attributes of a dictionary, such as `_metadata` of a state dict, are left out. */
  #build(): void {
    this.#pop();
    if (!(this.#top() instanceof Map)) throw new Error('its pickle gives attributes to what is not a dictionary');
  }

  #append(items: readonly PickledValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Error('its pickle appends to what is not a list');
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PickledValue[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) throw new Error('its pickle sets an item of what is not a dictionary');
    if (items.length % 2 !== 0) throw new Error('its pickle has a key without a value');
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i] ?? null, items[i + 1] ?? null);
  }

  #pushMemo(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw new Error(`its pickle refers to a value ${index} that it does not have`);
    this.#stack.push(value);
  }

  #pushAfterMark(make: (items: PickledValue[]) => PickledValue): void {
    const items = this.#popToMark();
    this.#stack.push(make(items));
  }

  #popToMark(): PickledValue[] {
    const items = this.#stack;
    const below = this.#below.pop();
    if (!below) throw new Error('its pickle closes what it has not opened');
    this.#stack = below;
    return items;
  }

  #popSome(count: number): PickledValue[] {
    if (this.#stack.length < count) throw new Error('its pickle takes more than it has given');
    return this.#stack.splice(-count);
  }

  #pop(): PickledValue {
    return this.#popSome(1)[0] ?? null;
  }

  #top(): PickledValue {
    if (this.#stack.length === 0) throw new Error('its pickle takes more than it has given');
    return this.#stack.at(-1) ?? null;
  }
}

/** Opcodes of a pickle: a tensor of a state dict takes about 40. */
const mostSteps = 2 ** 19;
const stop = '.'.charCodeAt(0);
const newline = '\n'.charCodeAt(0);
/** Longer than any tensor's name, in bytes. */
const longestText = 2 ** 14;
/** Longer than any module's and class's name, in bytes. */
const longestName = 200;

/** A whole number in two's complement, the lowest byte first. */
function littleEndian(bytes: Buffer): bigint {
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`));
}
