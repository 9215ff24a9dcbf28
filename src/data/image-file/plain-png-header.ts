/** Facts of a PNG's header. */
export interface PlainPngHeader {
  readonly width: number;
  readonly height: number;
  /** 16 bits per sample; absent otherwise. */
  readonly bitsPerSample?: 16;
  /** Whether no pixel is transparent. */
  readonly isOpaque: boolean;
}

/** Bits per sample that each colour type may have: gray, colour, palette, gray and colour with transparency. */
const depths: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

const palette = 3;
const transparent = [4, 6];
/** Pixels of a side. Larger pictures, about which libvips has an opinion too, are left to it. */
const mostPixels = 65_535;

/**
 * Reads the header of a plain PNG: one whose picture follows the header, with at most a palette in between. Most of the time that a scan takes for
 * a small picture goes into asking sharp for the same.
 *
 * @param head The first bytes of the file, with chunks whose checksums are right.
 * @returns Null for any other PNG, and for a header that is not as it should be: sharp knows what to make of them.
 */
export function plainPngHeader(head: Buffer): PlainPngHeader | null {
  if (head.length < 41 || chunkName(head, 8) !== 'IHDR' || head.readUInt32BE(8) !== 13) return null;
  const [width, height] = [head.readUInt32BE(16), head.readUInt32BE(20)];
  const [depth = 0, colors = 0, compression, filter, interlace = 0] = head.subarray(24, 29);
  const isKnown = depths[colors]?.includes(depth) === true && compression === 0 && filter === 0 && interlace < 2;
  if (!isKnown || ![width, height].every((side) => side >= 1 && side <= mostPixels)) return null;
  const picture = colors === palette ? afterPalette(head, depth) : afterHeader;
  if (picture === null || picture + 8 > head.length || chunkName(head, picture) !== 'IDAT') return null;
  return { width, height, ...(depth === 16 && { bitsPerSample: 16 }), isOpaque: !transparent.includes(colors) };
}

/** Whether a PNG has nothing but its picture, to its last byte: no text, no EXIF, no colour profile. */
export function isPictureAlone(bytes: Buffer): boolean {
  let at = 8;
  while (at + 12 <= bytes.length) {
    const name = chunkName(bytes, at);
    at += 12 + bytes.readUInt32BE(at);
    if (name === 'IEND') return at === bytes.length;
    if (!['IHDR', 'PLTE', 'IDAT'].includes(name)) return false;
  }
  return false;
}

/** Where the chunk after the header begins. */
const afterHeader = 33;

function afterPalette(head: Buffer, depth: number): number | null {
  const length = head.readUInt32BE(afterHeader);
  const colors = length / 3;
  const isPalette = chunkName(head, afterHeader) === 'PLTE' && Number.isInteger(colors) && colors >= 1;
  return isPalette && colors <= 2 ** depth ? afterHeader + 12 + length : null;
}

function chunkName(head: Buffer, at: number): string {
  return head.toString('latin1', at + 4, at + 8);
}
