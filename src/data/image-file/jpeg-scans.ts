/** Maximum number of scans that encoders write in a progressive JPEG; more are extra work for the decoder. */
export const usualScans = 20;

/**
 * Number of passes over the image while a JPEG is decoded, in units of `usualScans`. Each scan of a progressive or arithmetic-coded JPEG is a pass
 * over the whole image but may take only a few bytes, so a file of a megabyte can keep a decoder busy for an hour.
 *
 * @param bytes The whole file.
 * @returns 1 for every usual file.
 */
export function jpegPasses(bytes: Buffer): number {
  let scans = 0;
  for (const { marker } of markersOf(bytes)) {
    if (isSequential(marker)) return 1;
    if (marker === startOfScan) scans += 1;
    if (marker === endOfImage) break;
  }
  return Math.max(1, Math.ceil(scans / usualScans));
}

/** Whether the beginning of a JPEG has a sequential frame, whose scans need bytes: then there is only one pass. */
export function isSequentialJpeg(head: Buffer): boolean {
  for (const { marker } of markersOf(head)) if (isFrameHeader(marker)) return isSequential(marker);
  return false;
}

/**
 * The markers of a JPEG, each with its position. Like libjpeg's `next_marker`, it skips whatever is between them.
 *
 * Source: ITU-T T.81, B.1 and B.2.
 */
export function* markersOf(bytes: Buffer): Generator<{ readonly marker: number; readonly at: number }> {
  for (let at = bytes.indexOf(0xff, 2); at !== -1 && at + 3 < bytes.length; at = bytes.indexOf(0xff, at)) {
    at += 1;
    const marker = bytes.readUInt8(at);
    yield { marker, at };
    if (hasLength(marker)) at += 1 + bytes.readUInt16BE(at + 1);
  }
}

const endOfImage = 0xd9;
const startOfScan = 0xda;

/** Baseline and extended, coded by Huffman's method. */
function isSequential(marker: number): boolean {
  return marker === 0xc0 || marker === 0xc1;
}

/** Markers with a length, unlike fill bytes, stuffed zeros, TEM, RST0 to RST7, SOI and EOI. */
function hasLength(marker: number): boolean {
  return marker > 0x01 && !(marker >= 0xd0 && marker <= 0xd9) && marker !== 0xff;
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
export function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
