// Reduces JPEGs to a fraction of their size, for models with `--decode reduced`.

const ratios = [8, 4, 2];

/**
 * Makes a large JPEG smaller, by the rule of src/ops/decode-image.ts and as libjpeg does it: each new pixel is the mean of a square.
 *
 * libjpeg takes the mean while it decodes (jidctred.c), separately for colours; here it is taken of the pixels that the browser has decoded.
 *
 * @param picture `data` of four bytes per pixel, `width`, `height` and `kind`.
 * @param facts `decode` and `inputSize` of the model.
 * @returns the picture itself if it must not be reduced.
 */
export function reducePicture(picture, { decode, inputSize }) {
  const { width, height, kind } = picture;
  if (decode !== 'reduced' || kind !== 'JPEG' || inputSize === null) return picture;
  const ratio = ratios.find((each) => Math.min(width, height) >= 2 * Math.max(...inputSize) * each);
  return ratio === undefined ? picture : reduced(picture, ratio);
}

function reduced({ data, width, height }, ratio) {
  const [toWidth, toHeight] = [Math.ceil(width / ratio), Math.ceil(height / ratio)];
  const out = new Uint8ClampedArray(toWidth * toHeight * 4).fill(255);
  for (let y = 0; y < toHeight; y += 1) {
    const sums = new Float32Array(toWidth * 3);
    for (let i = 0; i < ratio; i += 1) {
      // Beyond the picture, its last row and column are repeated.
      const row = Math.min(y * ratio + i, height - 1) * width;
      addRow(data, row, { width, ratio, sums });
    }
    sums.forEach((sum, i) => (out[y * toWidth * 4 + Math.floor(i / 3) * 4 + (i % 3)] = sum / ratio ** 2));
  }
  return { data: out, width: toWidth, height: toHeight };
}

function addRow(data, row, { width, ratio, sums }) {
  for (let x = 0; x < (sums.length / 3) * ratio; x += 1) {
    const from = (row + Math.min(x, width - 1)) * 4;
    const to = Math.floor(x / ratio) * 3;
    for (let channel = 0; channel < 3; channel += 1) sums[to + channel] += data[from + channel];
  }
}
