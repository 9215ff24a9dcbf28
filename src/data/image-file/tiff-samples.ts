/** Tags of TIFF 6.0, sections 8 and 19. */
const bitsPerSample = 258;
const sampleFormat = 339;
const formats: Readonly<Record<number, string>> = {
  1: 'uint',
  2: 'int',
  3: 'float',
  4: 'uint',
  5: 'complex',
  6: 'complex',
};
/** Sizes in bytes of the types SHORT and LONG, which numbers of samples have. */
const typeBytes: Readonly<Record<number, number>> = { 3: 2, 4: 4 };
const readable = new Set(['uint1', 'uint2', 'uint4', 'uint8', 'uint16', 'float32']);

/**
 * Finds the type of a TIFF's samples if libvips cannot read it or reads wrong numbers: it turns float16 into other floats, halves the brightness of
 * int16, and calls float64 a damaged header.
 *
 * @param bytes The whole file.
 * @returns the type, such as `float16`; null if it can be read, and for files that are not a TIFF or are damaged, which libvips reports.
 */
export function unreadableTiffSamples(bytes: Uint8Array): string | null {
  const fields = firstDirectory(bytes);
  const format = formats[fields?.get(sampleFormat) ?? 1] ?? 'unknown';
  const type = `${format}${fields?.get(bitsPerSample) ?? 1}`;
  return fields === null || readable.has(type) ? null : type;
}

/** Words for such samples in a message. */
export function hasSamples(type: string): string {
  return `has samples of ${type}, not of 8 or 16 bits or float32`;
}

/** The first value of each field of the first page that is a whole number; null if there is none. */
function firstDirectory(bytes: Uint8Array): ReadonlyMap<number, number> | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) return null;
  const isLittle = view.getUint16(0) === 0x4949;
  const version = view.getUint16(2, isLittle);
  if ((!isLittle && view.getUint16(0) !== 0x4d4d) || (version !== 42 && version !== 43)) return null;
  return fieldsOf({ view, isLittle, isBig: version === 43 });
}

interface Tiff {
  readonly view: DataView;
  readonly isLittle: boolean;
  /** BigTIFF has offsets and counts of eight bytes. */
  readonly isBig: boolean;
}

function fieldsOf(file: Tiff): ReadonlyMap<number, number> | null {
  const { view, isLittle, isBig } = file;
  const start = offsetAt(file, isBig ? 8 : 4);
  if (start + (isBig ? 8 : 2) > view.byteLength) return null;
  const count = isBig ? offsetAt(file, start) : view.getUint16(start, isLittle);
  const [first, size] = isBig ? [start + 8, 20] : [start + 2, 12];
  if (first + count * size > view.byteLength) return null;
  const fields = new Map<number, number>();
  for (let at = first; at < first + count * size; at += size) {
    const value = firstValue(file, at);
    if (value !== null) fields.set(view.getUint16(at, isLittle), value);
  }
  return fields;
}

/** Reads the first value of a field; the values are stored in the field itself or elsewhere. */
function firstValue(file: Tiff, at: number): number | null {
  const { view, isLittle, isBig } = file;
  const type = view.getUint16(at + 2, isLittle);
  const bytes = typeBytes[type];
  if (bytes === undefined) return null;
  const count = offsetAt(file, at + 4);
  const [inside, room] = isBig ? [at + 12, 8] : [at + 8, 4];
  const place = count * bytes <= room ? inside : offsetAt(file, inside);
  if (place + bytes > view.byteLength) return null;
  return bytes === 2 ? view.getUint16(place, isLittle) : view.getUint32(place, isLittle);
}

function offsetAt({ view, isLittle, isBig }: Tiff, at: number): number {
  return isBig ? Number(view.getBigUint64(at, isLittle)) : view.getUint32(at, isLittle);
}
