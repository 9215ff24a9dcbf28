// Fits pictures of any shape to the model's size, in the arithmetic of src/ops/fit-images.ts and of TensorFlow's kernels.
//
// The model's graph does it too, but does not change pictures that already have its size. Here only the pixels that matter are turned into floats, so
// a photograph of 12 megapixels does not take 144 MB.

/** How many times higher or wider a picture is made by padding, at most. */
const mostPadding = 64;

/**
 * @param picture `data` of four bytes per pixel, `width` and `height`.
 * @param facts `inputSize` [height, width], null for any; `resize`: `squash`, `crop` or `pad`; `antialias`.
 * @returns `pixels`, floats of 0 to 255 by row, column and RGB; `height` and `width`.
 */
export function fitPicture({ data, width, height }, { inputSize, resize, antialias }) {
  const [toHeight, toWidth] = inputSize ?? [height, width];
  const frame = frames[resize]({ width, height, toWidth, toHeight });
  const columns = taps(width, frame.columns, toWidth, antialias);
  const rows = taps(height, frame.rows, toHeight, antialias);
  const pixels = new Float32Array(toHeight * toWidth * 3);
  const kept = new Map();
  const rowAt = (y) => {
    if (!kept.has(y)) kept.set(y, resampledRow(data.subarray(y * width * 4, (y + 1) * width * 4), columns));
    return kept.get(y);
  };
  rows.forEach(({ first, weights }, y) => {
    const out = pixels.subarray(y * toWidth * 3, (y + 1) * toWidth * 3);
    weights.forEach((weight, i) => addTimes(out, rowAt(first + i), weight));
    // Rows go down the picture: those above are not needed again.
    for (const old of kept.keys()) if (old < first) kept.delete(old);
  });
  return { pixels, height: toHeight, width: toWidth };
}

/** The part that is taken of each side: where it begins, and how long it is; outside the picture it is black. */
const frames = {
  squash: ({ width, height }) => ({ columns: { begin: 0, length: width }, rows: { begin: 0, length: height } }),

  crop({ width, height, toWidth, toHeight }) {
    const side = (old, wanted) => {
      const length = Math.max(Math.min(old, wanted), 1);
      return { begin: Math.floor((old - length) / 2), length };
    };
    return {
      columns: side(width, inShape(height, toWidth, toHeight)),
      rows: side(height, inShape(width, toHeight, toWidth)),
    };
  },

  pad({ width, height, toWidth, toHeight }) {
    const side = (old, wanted) => {
      const before = Math.floor((Math.min(Math.max(old, wanted), old * mostPadding) - old) / 2);
      return { begin: -before, length: old + 2 * before };
    };
    return {
      columns: side(width, inShape(height, toWidth, toHeight)),
      rows: side(height, inShape(width, toHeight, toWidth)),
    };
  },
};

/** The length of one side that goes with the other in a shape, rounded down in float32 as Keras does. */
function inShape(other, side, otherSide) {
  return Math.floor(Math.fround(Math.fround(other * side) / otherSide));
}

/** For each new position, the first old one that matters and the weights from there on. */
function taps(size, { begin, length }, count, antialias) {
  const weigh = antialias ? smoothed(length, count) : interpolated(length, count);
  return Array.from({ length: count }, (_, i) => {
    const { first, weights } = weigh(i);
    // Positions outside the picture are black, and add nothing.
    const from = Math.max(0, -(first + begin));
    const to = Math.min(weights.length, size - (first + begin));
    return { first: first + begin + from, weights: weights.slice(from, Math.max(from, to)) };
  });
}

/** Source: tensorflow/core/kernels/image/resize_bilinear_op.cc, half_pixel_centers. */
function interpolated(length, count) {
  const scale = Math.fround(length / count);
  return (i) => {
    const at = Math.fround(Math.fround(Math.fround(i + 0.5) * scale) - 0.5);
    const below = Math.floor(at);
    const [low, high] = [Math.max(below, 0), Math.min(Math.ceil(at), length - 1)];
    const part = at - below;
    return low === high ? { first: low, weights: [1] } : { first: low, weights: [1 - part, part] };
  };
}

/** Source: ComputeSpansCore in tensorflow/core/kernels/image/scale_and_translate_op.cc, with the triangle kernel. */
function smoothed(length, count) {
  const step = Math.fround(1 / Math.fround(count / length));
  const reach = Math.max(step, 1);
  return (i) => {
    const middle = Math.fround(Math.fround(i + 0.5) * step);
    const within = (at) => Math.min(length - 1, Math.max(0, at));
    const first = within(Math.ceil(middle - reach - 0.5));
    const last = within(Math.floor(middle + reach - 0.5));
    const weights = Array.from({ length: last - first + 1 }, (_, k) =>
      Math.max(0, 1 - Math.abs(first + k + 0.5 - middle) / reach),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  };
}

function resampledRow(row, columns) {
  const out = new Float32Array(columns.length * 3);
  columns.forEach(({ first, weights }, x) => {
    for (let channel = 0; channel < 3; channel += 1) {
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) sum += row[(first + i) * 4 + channel] * weights[i];
      out[x * 3 + channel] = sum;
    }
  });
  return out;
}

function addTimes(out, row, weight) {
  for (let i = 0; i < out.length; i += 1) out[i] += row[i] * weight;
}
