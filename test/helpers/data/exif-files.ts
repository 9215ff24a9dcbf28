import { crc32 } from 'node:zlib';

/** How to write a TIFF block of EXIF. */
export interface ExifOptions {
  readonly order?: 'II' | 'MM';
  /** TIFF's number of the entry's type. Default: 3, SHORT. */
  readonly type?: number;
  /** Numbers that the entry claims. Default: 1. */
  readonly count?: number;
  /** The first directory's offset in the header. Default: the true one. */
  readonly offset?: number;
  /** Further entries before it, as tag, type, count and value. Default: a make, whose text is stored elsewhere. */
  readonly before?: readonly (readonly [tag: number, type: number, count: number, value: number])[];
  /** Further entries after it. Default: none. */
  readonly after?: ExifOptions['before'];
  /** A thumbnail after the directory, which may have its own EXIF. */
  readonly thumbnail?: Buffer;
}

/** A TIFF block whose first directory has an orientation. Source: EXIF 2.32, 4.6; TIFF 6.0, section 2. */
export function tiffWith(orientation: number, options: ExifOptions = {}): Buffer {
  const { order = 'II', type = 3, count = 1, before = [[0x010f, 2, 6, 0]], after = [], thumbnail } = options;
  const isBig = order === 'MM';
  const entries = [...before, [0x0112, type, count, orientation] as const, ...after];
  const directory = 8;
  const bytes = Buffer.alloc(directory + 2 + 12 * entries.length + 4);
  const short = (value: number, at: number) =>
    isBig ? bytes.writeUInt16BE(value, at) : bytes.writeUInt16LE(value, at);
  const long = (value: number, at: number) => (isBig ? bytes.writeUInt32BE(value, at) : bytes.writeUInt32LE(value, at));
  bytes.write(order, 0, 'latin1');
  short(42, 2);
  long(options.offset ?? directory, 4);
  short(entries.length, directory);
  entries.forEach(([tag, kind, number, value], i) => {
    const at = directory + 2 + 12 * i;
    short(tag, at);
    short(kind, at + 2);
    long(number, at + 4);
    // Two bytes go first in the four-byte field.
    if (kind === 3) short(value, at + 8);
    else long(value, at + 8);
  });
  return Buffer.concat([bytes, Buffer.from('Maker\0'), thumbnail ?? Buffer.alloc(0)]);
}

/** A segment of a JPEG. */
export function segment(marker: number, content: Buffer): Buffer {
  const head = Buffer.of(0xff, marker, 0, 0);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

/** An APP1 segment of EXIF around a TIFF block. */
export function exifSegment(tiff: Buffer): Buffer {
  return segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), tiff]));
}

/** A JPEG with segments right after its first marker. */
export function withSegments(jpeg: Buffer, ...segments: Buffer[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** A PNG with a chunk `eXIf` after its header. */
export function withExifChunk(png: Buffer, tiff: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from('eXIf'), tiff]);
  const chunk = Buffer.alloc(named.length + 8);
  chunk.writeUInt32BE(tiff.length);
  named.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(named), named.length + 4);
  const header = 8 + 25;
  return Buffer.concat([png.subarray(0, header), chunk, png.subarray(header)]);
}

/** Files of one picture with valid EXIF and the orientation that it gives, named after what is special about them. */
export function exifFiles(jpeg: Buffer, png: Buffer): (readonly [name: string, file: Buffer, orientation: number])[] {
  const orders = ['II', 'MM'] as const;
  const all = orders.flatMap((order) => [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => ({ order, orientation })));
  const jfif = segment(0xe0, Buffer.from('JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1'));
  const thumbnail = withSegments(jpeg, exifSegment(tiffWith(3)));
  const six = exifSegment(tiffWith(6));
  return [
    ...all.flatMap(({ order, orientation }) => [
      [`JPEG ${order} ${orientation}`, withSegments(jpeg, exifSegment(tiffWith(orientation, { order }))), orientation] as const,
      [`PNG ${order} ${orientation}`, withExifChunk(png, tiffWith(orientation, { order })), orientation] as const,
    ]),
    ['a JFIF segment before', withSegments(jpeg, jfif, six), 6],
    ['a thumbnail with EXIF inside', withSegments(jpeg, exifSegment(tiffWith(6, { thumbnail }))), 6],
    ['a thumbnail with EXIF in a segment before', withSegments(jpeg, segment(0xe0, Buffer.concat([Buffer.from('JFXX\0\x10'), thumbnail])), six), 6],
    ['EXIF in a comment before', withSegments(jpeg, segment(0xfe, exifSegment(tiffWith(3))), six), 6],
    ['fill bytes between markers', withSegments(jpeg, Buffer.of(0xff, 0xff, 0xff), six), 6],
    ['XMP and a colour profile before', withSegments(jpeg, segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x/>')), segment(0xe2, Buffer.alloc(3000, 7)), six), 6],
    ['two EXIF segments, of which the second is empty', withSegments(jpeg, six, exifSegment(Buffer.alloc(0))), 6],
    ['type LONG', withSegments(jpeg, exifSegment(tiffWith(8, { type: 4, order: 'MM' }))), 8],
    ['the tag twice', withSegments(jpeg, exifSegment(tiffWith(8, { after: [[0x0112, 3, 1, 5]] }))), 8],
    ['two orientations in one entry', withSegments(jpeg, exifSegment(tiffWith(6, { count: 2 }))), 6],
    ['many entries before', withSegments(jpeg, exifSegment(tiffWith(7, { before: Array.from({ length: 100 }, (_, i) => [0x0200 + i, 3, 1, 3] as const) }))), 7],
    ['no EXIF', jpeg, 1],
    ['no EXIF in a PNG', png, 1],
  ]; // prettier-ignore
}

/** Files of one picture with damaged or hostile EXIF, which is ignored. */
export function damagedExifFiles(jpeg: Buffer, png: Buffer): (readonly [name: string, file: Buffer])[] {
  const tiff = tiffWith(6);
  const cut = (length: number) => withSegments(jpeg, exifSegment(tiff.subarray(0, length)));
  const offset = (value: number) => withSegments(jpeg, exifSegment(tiffWith(6, { offset: value })));
  const countless = Buffer.from(tiff.subarray(0, 30));
  countless.writeUInt16LE(0xffff, 8);
  return [
    ...[9, 0, -1].map((value) => [`orientation ${value}`, withSegments(jpeg, exifSegment(tiffWith(value & 0xffff)))] as const),
    ...[0, 4, 8, 10, 20, 22, 33].map((length) => [`a TIFF block of ${length} bytes`, cut(length)] as const),
    ...[0xffff_ffff, 0x8000_0000, 65_535, 500].map((value) => [`a directory at ${value}`, offset(value)] as const),
    ['three orientations in one entry, beyond the end', withSegments(jpeg, exifSegment(tiffWith(0xfff0, { count: 3 })))],
    ['no number in the entry', withSegments(jpeg, exifSegment(tiffWith(6, { count: 0 })))],
    ['a type that does not exist', withSegments(jpeg, exifSegment(tiffWith(6, { type: 99 })))],
    ['type BYTE', withSegments(jpeg, exifSegment(tiffWith(6, { type: 1 })))],
    ['a byte order that does not exist', withSegments(jpeg, exifSegment(Buffer.concat([Buffer.from('XX'), tiff.subarray(2)])))],
    ['65,535 entries, of which none with the tag is there', withSegments(jpeg, exifSegment(countless))],
    ['EXIF only in the data of a comment', withSegments(jpeg, segment(0xfe, exifSegment(tiff)))],
    ['EXIF after the scan', Buffer.concat([jpeg, exifSegment(tiff)])],
    ['100 empty segments before', withSegments(jpeg, ...Array.from({ length: 100 }, () => segment(0xe5, Buffer.alloc(0))), exifSegment(tiff))],
    ['a chunk of 65,536 bytes before', withExifChunk(withExifChunk(png, tiff), Buffer.alloc(65_536))],
  ]; // prettier-ignore
}
