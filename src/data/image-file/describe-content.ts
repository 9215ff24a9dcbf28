import { isUtf8 } from 'node:buffer';

import { fileTypeBrands, latin1 } from './image-format.js';

/** Formats by the bytes they have at a place; the first that fits is reported. */
const signatures: readonly (readonly [at: number, bytes: string, what: string])[] = [
  [0, '\xff\x0a', 'a JPEG XL image'],
  [0, '\0\0\0\x0cJXL ', 'a JPEG XL image'],
  [0, '\0\0\0\x0cjP  ', 'a JPEG 2000 image'],
  [0, '\xff\x4f\xff\x51', 'a JPEG 2000 image'],
  [8, 'CR\x02\0', 'a raw image of a camera'],
  [0, 'FUJIFILMCCD-RAW', 'a raw image of a camera'],
  [0, 'IIU\0', 'a raw image of a camera'],
  [0, '\0\0\x01\0', 'an ICO icon'],
  [0, '8BPS', 'a Photoshop document'],
  [0, 'qoif', 'a QOI image'],
  [128, 'DICM', 'a DICOM image'],
  [0, '%PDF-', 'a PDF document'],
  [0, '%!PS', 'a PostScript document'],
  [0, 'PK\x03\x04', 'a ZIP archive'],
  [0, '\x1f\x8b', 'a gzip archive'],
  [0, '\x93NUMPY', 'a NumPy array'],
  [0, '\x89HDF', 'an HDF5 file'],
  [0, '\x1aE\xdf\xa3', 'a video'],
  [8, 'AVI ', 'a video'],
  [0, 'version https://git-lfs', 'a Git LFS pointer, whose image was never fetched: run `git lfs pull`'],
];

/** Formats by their beginning; the first that fits is reported. */
const beginnings: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^P[1-7]\s/, 'a Netpbm image'],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b/i, 'an HTML page'],
  [/^(\xef\xbb\xbf)?\s*<(svg\b|(\?xml|!--|!doctype svg).*<svg\b)/is, 'an SVG image'],
  [/^(\xef\xbb\xbf)?\s*<\?xml\b/i, 'an XML document'],
];

/** Describes a file that `sniffImageFormat` does not recognize, as in "a PDF document". */
export function describeContent(head: Uint8Array): string {
  const brands = fileTypeBrands(head);
  if (brands.length > 0) return describeBrand(brands);
  const start = latin1(head, 0, 1024);
  const signature = signatures.find(([at, bytes]) => start.startsWith(bytes, at));
  if (signature) return signature[2];
  const beginning = beginnings.find(([pattern]) => pattern.test(start));
  return beginning?.[1] ?? (isText(head.subarray(0, 1024)) ? 'text' : 'of a format that is not recognised');
}

function describeBrand([major = '', ...compatible]: readonly string[]): string {
  if (major === 'crx ') return 'a raw image of a camera';
  const isHeic = /^(hei[cxms]|hev[cx]|mif1|msf1)$/;
  return isHeic.test(major) || compatible.some((brand) => /^hei[cx]$/.test(brand)) ? 'a HEIC image' : 'a video';
}

/** Valid UTF-8 without control characters that do not occur in text; the last bytes may be part of a character. */
function isText(start: Uint8Array): boolean {
  if (start.some((byte) => byte < 9 || (byte > 13 && byte < 27) || byte === 127)) return false;
  return [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, Math.max(start.length - cut, 0))));
}
