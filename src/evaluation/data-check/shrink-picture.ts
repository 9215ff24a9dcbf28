/** A gray picture: one byte per pixel, row by row. */
export interface GrayPicture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Shrinks or stretches a gray picture; each pixel of it is the mean of the area that it covers. */
export function resizedByArea({ pixels, width, height }: GrayPicture, toWidth: number, toHeight: number): GrayPicture {
  if (toWidth === width && toHeight === height) return { pixels, width, height };
  const [down, across] = [cellsOf(height, toHeight), cellsOf(width, toWidth)];
  const shrunk = new Uint8Array(toWidth * toHeight);
  const row = new Float64Array(width);
  for (let y = 0; y < toHeight; y += 1) {
    addRows(pixels, down, y, row);
    writeMeans(row, across, shrunk, y * toWidth);
  }
  return { pixels: shrunk, width: toWidth, height: toHeight };
}

/** Which pixels of a line fall into each of some cells of equal length: typed arrays, since every pixel of every image passes here. */
interface Cells {
  /** First pixel of each cell, and its last. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  /** Weight in the mean of the first pixel, of the last if it is another one, and of those between. */
  readonly head: Float32Array;
  readonly tail: Float32Array;
  readonly middle: number;
}

function cellsOf(pixels: number, cells: number): Cells {
  const length = pixels / cells;
  const [first, last] = [new Int32Array(cells), new Int32Array(cells)];
  const [head, tail] = [new Float32Array(cells), new Float32Array(cells)];
  for (let i = 0; i < cells; i += 1) {
    const begin = Math.floor(i * length);
    const end = Math.min(pixels, Math.max(begin + 1, Math.ceil((i + 1) * length - 1e-9))) - 1;
    first[i] = begin;
    last[i] = end;
    head[i] = (Math.min(begin + 1, (i + 1) * length) - i * length) / length;
    tail[i] = ((i + 1) * length - end) / length;
  }
  return { first, last, head, tail, middle: 1 / length };
}

/** Writes the mean of one cell of rows into `row`. */
function addRows(
  pixels: Uint8Array,
  { first, last, head, tail, middle }: Cells,
  cell: number,
  row: Float64Array,
): void {
  const from = first[cell] ?? 0;
  const to = last[cell] ?? 0;
  const width = row.length;
  for (let y = from; y <= to; y += 1) {
    const weight = (y === from ? head[cell] : y === to ? tail[cell] : middle) ?? 0;
    const begin = y * width;
    if (y === from) for (let x = 0; x < width; x += 1) row[x] = weight * (pixels[begin + x] ?? 0);
    else for (let x = 0; x < width; x += 1) row[x] = (row[x] ?? 0) + weight * (pixels[begin + x] ?? 0);
  }
}

/** Writes the means of the cells of a row, rounded. */
function writeMeans(row: Float64Array, { first, last, head, tail, middle }: Cells, into: Uint8Array, at: number): void {
  for (let cell = 0; cell < first.length; cell += 1) {
    const from = first[cell] ?? 0;
    const to = last[cell] ?? 0;
    let sum = (head[cell] ?? 0) * (row[from] ?? 0);
    for (let x = from + 1; x < to; x += 1) sum += middle * (row[x] ?? 0);
    if (to > from) sum += (tail[cell] ?? 0) * (row[to] ?? 0);
    // Uint8Array cuts off what follows the point.
    into[at + cell] = sum + 0.5;
  }
}
