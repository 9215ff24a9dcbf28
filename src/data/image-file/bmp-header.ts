import { latin1 } from './image-format.js';
import { ImageFault } from './image-problem.js';

/** Bits per pixel that TensorFlow reads, as gray, BGR and BGRA. */
const readableDepths = [8, 24, 32];

const compressions = ['none', 'RLE8', 'RLE4', 'bit fields', 'JPEG', 'PNG', 'alpha bit fields'];

/**
 * Reads the size of a BMP image from its header, which sharp cannot.
 *
 * TensorFlow's `DecodeBmp` looks at neither compression nor palette and turns what it does not know into noise, so both are checked here; and it
 * requires the file to end with the last row (decode_image_op.cc).
 *
 * @param head The first bytes of the file: 2 KiB, or all of a smaller one.
 * @param sizeBytes Length of the file.
 * @throws ImageFault `corrupt` or `unsupported`.
 */
export function readBmpHeader(head: Uint8Array, sizeBytes: number): { width: number; height: number } {
  if (head.length < 54) throw new ImageFault('corrupt', 'ends within its BMP header');
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const bits = view.getUint16(28, true);
  checkEncoding(view, bits);
  if (bits === 8) checkPalette(head, view);
  const width = view.getInt32(18, true);
  // A negative height says that the rows begin at the top.
  const height = Math.abs(view.getInt32(22, true));
  if (width < 1 || height < 1) throw new ImageFault('corrupt', `claims a width of ${width} and a height of ${height}`);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  checkSize(sizeBytes - view.getUint32(10, true) - rowBytes * height);
  return { width, height };
}

function checkEncoding(view: DataView, bits: number): void {
  if (view.getUint32(14, true) < 40) throw unsupported('is a BMP of OS/2');
  if (!readableDepths.includes(bits)) throw unsupported(`is a ${bits}-bit BMP`);
  const compression = view.getUint32(30, true);
  if (compression === 0 || (compression === 3 && bits === 32 && hasUsualMasks(view))) return;
  throw unsupported(`is a BMP with compression (${compressions[compression] ?? compression})`);
}

/** Whether the bit fields are the ones that TensorFlow assumes: blue, green, red, alpha. */
function hasUsualMasks(view: DataView): boolean {
  if (view.byteLength < 66) return false;
  return [0xff0000, 0xff00, 0xff].every((mask, i) => view.getUint32(54 + 4 * i, true) === mask);
}

/** TensorFlow uses the position in the palette as the brightness, which is right for the usual gray palette only. */
function checkPalette(head: Uint8Array, view: DataView): void {
  const start = 14 + view.getUint32(14, true);
  const colors = latin1(head, start, Math.min(view.getUint32(10, true), start + 4 * 256)).match(/.{4}/gs) ?? [];
  const isGray = colors.every((color, i) => color.startsWith(String.fromCharCode(i, i, i)));
  if (!isGray) throw unsupported('is a BMP with a colour palette');
}

function checkSize(surplusBytes: number): void {
  if (surplusBytes < 0) throw new ImageFault('corrupt', `lacks ${-surplusBytes} bytes at its end`);
  if (surplusBytes > 0) throw unsupported(`is a BMP with ${surplusBytes} bytes after its pixels`);
}

function unsupported(what: string): ImageFault {
  return new ImageFault('unsupported', `${what}, which TensorFlow cannot decode: save it as PNG`);
}
