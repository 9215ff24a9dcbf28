/** A gray picture: one byte per pixel, row by row. */
export interface GrayPicture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Shrinks or stretches a gray picture; each pixel of it is the mean of the area that it covers. */
export function resizedByArea({ pixels, width, height }: GrayPicture, toWidth: number, toHeight: number): GrayPicture {
  if (toWidth === width && toHeight === height) return { pixels, width, height };
  const narrow = new Float32Array(toWidth * height);
  const across = cellsOf(width, toWidth);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < toWidth; x += 1) narrow[y * toWidth + x] = meanOf(pixels, y * width, 1, across, x);
  }
  const shrunk = new Uint8Array(toWidth * toHeight);
  const down = cellsOf(height, toHeight);
  for (let y = 0; y < toHeight; y += 1) {
    for (let x = 0; x < toWidth; x += 1) shrunk[y * toWidth + x] = Math.round(meanOf(narrow, x, toWidth, down, y));
  }
  return { pixels: shrunk, width: toWidth, height: toHeight };
}

/** Which pixels of a line fall into each of some cells of equal length: typed arrays, since every pixel of every image passes here. */
interface Cells {
  /** Length of a cell in pixels. */
  readonly length: number;
  /** First pixel of each cell, and the one after its last. */
  readonly first: Int32Array;
  readonly end: Int32Array;
  /** Part of the first and of the last pixel that is in the cell. */
  readonly head: Float32Array;
  readonly tail: Float32Array;
}

function cellsOf(pixels: number, cells: number): Cells {
  const length = pixels / cells;
  const first = Int32Array.from({ length: cells }, (_, i) => Math.floor(i * length));
  const end = first.map((begin, i) => Math.min(pixels, Math.max(begin + 1, Math.ceil((i + 1) * length - 1e-9))));
  const head = Float32Array.from(first, (begin, i) => Math.min(begin + 1, (i + 1) * length) - i * length);
  const tail = Float32Array.from(end, (last, i) => (i + 1) * length - (last - 1));
  return { length, first, end, head, tail };
}

/** The mean of one cell of a line. */
function meanOf(
  values: Uint8Array | Float32Array,
  begin: number,
  step: number,
  { length, first, end, head, tail }: Cells,
  cell: number,
): number {
  const [from, to] = [first[cell] ?? 0, (end[cell] ?? 1) - 1];
  const at = begin + from * step;
  let sum = (head[cell] ?? 0) * (values[at] ?? 0);
  if (to > from) {
    for (let i = from + 1; i < to; i += 1) sum += values[begin + i * step] ?? 0;
    sum += (tail[cell] ?? 0) * (values[begin + to * step] ?? 0);
  }
  return sum / length;
}
