import * as tf from '../../../src/tensorflow/tf.js';
import { cond } from '../../../src/ops/cond.js';
import { mapFn } from '../../../src/ops/map-fn.js';
import { tensorSpec, type TensorSpec } from '../../../src/tracing/tensor-spec.js';

/** What snippets take. */
export const inputs = {
  batch: tensorSpec('float32', [null, null, null, 3]),
  picture: tensorSpec('float32', [null, null, 3]),
  pixels: tensorSpec('uint8', [null, null, 3]),
  bytes: tensorSpec('uint8', [null, null, null, 3]),
  sequence: tensorSpec('float32', [null, null, 4]),
  steps: tensorSpec('float32', [null, 4]),
  samples: tensorSpec('float32', [null]),
  matrix: tensorSpec('float32', [null, null]),
  tokens: tensorSpec('int32', [null, null]),
} satisfies Record<string, TensorSpec>;

/** A way to preprocess, as people write it. */
export interface Snippet {
  readonly name: string;
  readonly input: keyof typeof inputs;
  readonly fn: (x: never) => tf.Tensor;
  /** Words of the message, where no formula or op says what JavaScript decides. */
  readonly refused?: RegExp;
}

type Rows = readonly (readonly [name: string, fn: (x: never) => tf.Tensor, refused?: RegExp])[];
const of = (input: keyof typeof inputs, rows: Rows): Snippet[] =>
  rows.map(([name, fn, refused]) => ({ name: `${input}: ${name}`, input, fn, ...(refused && { refused }) }));

type Batch = tf.Tensor4D;
type Picture = tf.Tensor3D;
type Matrix = tf.Tensor2D;
const { floor, ceil, round, min, max } = Math;
const lack = (size: number, by: number) => (by - (size % by)) % by;
const resize = tf.image.resizeBilinear;
const nearest = tf.image.resizeNearestNeighbor;

const batches = of('batch', [
  ['scaled to [0, 1]', (x: Batch) => tf.div(x, 255)],
  ['scaled to [-1, 1]', (x: Batch) => tf.sub(tf.div(x, 127.5), 1)],
  ['mean and deviation of ImageNet', (x: Batch) => tf.div(tf.sub(x, tf.tensor1d([123.7, 116.3, 103.5])), tf.tensor1d([58.4, 57.1, 57.4]))],
  ['channels reversed', (x: Batch) => tf.reverse(x, 3)],
  ['channels first', (x: Batch) => tf.transpose(x, [0, 3, 1, 2])],
  ['grey', (x: Batch) => tf.mean(x, 3, true)],
  ['grey by weights', (x: Batch) => tf.sum(tf.mul(x, tf.tensor1d([0.299, 0.587, 0.114])), 3, true)],
  ['each picture by its own mean and deviation', (x: Batch) => { const { mean, variance } = tf.moments(x, [1, 2], true); return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3))); }],
  ['as tf.image.perImageStandardization', (x: Batch) => { const { mean, variance } = tf.moments(x, [1, 2, 3], true); const least = 1 / Math.sqrt(x.shape[1] * x.shape[2] * 3); return tf.div(tf.sub(x, mean), tf.maximum(tf.sqrt(variance), least)); }],
  ['stretched between its least and its most', (x: Batch) => { const least = tf.min(x, [1, 2], true); return tf.div(tf.sub(x, least), tf.add(tf.sub(tf.max(x, [1, 2], true), least), 1e-3)); }],
  ['resized to 16', (x: Batch) => resize(x, [16, 16])],
  ['resized to a half', (x: Batch) => resize(x, [floor(x.shape[1] / 2), floor(x.shape[2] / 2)])],
  ['resized to the double', (x: Batch) => nearest(x, [2 * x.shape[1], 2 * x.shape[2]])],
  ['resized to multiples of 32', (x: Batch) => resize(x, [ceil(x.shape[1] / 32) * 32, ceil(x.shape[2] / 32) * 32])],
  ['resized to the nearest multiples of 16', (x: Batch) => resize(x, [max(16, round(x.shape[1] / 16) * 16), max(16, round(x.shape[2] / 16) * 16)])],
  ['resized to a square of its longer side', (x: Batch) => { const side = max(x.shape[1], x.shape[2]); return resize(x, [side, side]); }],
  ['resized to a square of its shorter side', (x: Batch) => { const side = min(x.shape[1], x.shape[2]); return resize(x, [side, side]); }],
  ['resized to at most 64', (x: Batch) => resize(x, [min(64, x.shape[1]), min(64, x.shape[2])])],
  ['resized to at least 48', (x: Batch) => resize(x, [max(48, x.shape[1]), max(48, x.shape[2])])],
  ['resized to three quarters', (x: Batch) => resize(x, [ceil(x.shape[1] * 0.75), ceil(x.shape[2] * 0.75)])],
  ['padded to a multiple of 32', (x: Batch) => tf.pad(x, [[0, 0], [0, lack(x.shape[1], 32)], [0, lack(x.shape[2], 32)], [0, 0]])],
  ['padded to a multiple of 16 around', (x: Batch) => { const [h, w] = [lack(x.shape[1], 16), lack(x.shape[2], 16)]; return tf.pad(x, [[0, 0], [floor(h / 2), h - floor(h / 2)], [floor(w / 2), w - floor(w / 2)], [0, 0]]); }],
  ['padded to a square', (x: Batch) => { const side = max(x.shape[1], x.shape[2]); return tf.pad(x, [[0, 0], [0, side - x.shape[1]], [0, side - x.shape[2]], [0, 0]]); }],
  ['padded to a square around', (x: Batch) => { const side = max(x.shape[1], x.shape[2]); const [h, w] = [floor((side - x.shape[1]) / 2), floor((side - x.shape[2]) / 2)]; return tf.pad(x, [[0, 0], [h, side - x.shape[1] - h], [w, side - x.shape[2] - w], [0, 0]]); }],
  ['padded to 96 where it is smaller', (x: Batch) => tf.pad(x, [[0, 0], [0, max(0, 96 - x.shape[1])], [0, max(0, 96 - x.shape[2])], [0, 0]])],
  ['padded by a tenth', (x: Batch) => { const [h, w] = [floor(x.shape[1] / 10), floor(x.shape[2] / 10)]; return tf.pad(x, [[0, 0], [h, h], [w, w], [0, 0]]); }],
  ['mirrored at the edges', (x: Batch) => tf.mirrorPad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], 'symmetric')],
  ['cut to a multiple of 8', (x: Batch) => tf.slice(x, [0, 0, 0, 0], [-1, floor(x.shape[1] / 8) * 8, floor(x.shape[2] / 8) * 8, -1])],
  ['cut to a multiple of 8 around the middle', (x: Batch) => { const [h, w] = [x.shape[1] % 8, x.shape[2] % 8]; return tf.slice(x, [0, floor(h / 2), floor(w / 2), 0], [-1, x.shape[1] - h, x.shape[2] - w, -1]); }],
  ['cut to the middle half', (x: Batch) => tf.slice(x, [0, floor(x.shape[1] / 4), floor(x.shape[2] / 4), 0], [-1, floor(x.shape[1] / 2), floor(x.shape[2] / 2), -1])],
  ['cut to the central 0.875', (x: Batch) => { const [h, w] = [floor(x.shape[1] * 0.875), floor(x.shape[2] * 0.875)]; return tf.slice(x, [0, floor((x.shape[1] - h) / 2), floor((x.shape[2] - w) / 2), 0], [-1, h, w, -1]); }],
  ['cut to a square', (x: Batch) => { const side = min(x.shape[1], x.shape[2]); return tf.slice(x, [0, 0, 0, 0], [-1, side, side, -1]); }],
  ['cut to the central square', (x: Batch) => { const side = min(x.shape[1], x.shape[2]); return tf.slice(x, [0, floor((x.shape[1] - side) / 2), floor((x.shape[2] - side) / 2), 0], [-1, side, side, -1]); }],
  ['cut to at most 60', (x: Batch) => tf.slice(x, [0, 0, 0, 0], [-1, min(60, x.shape[1]), min(60, x.shape[2]), -1])],
  ['without its border', (x: Batch) => tf.slice(x, [0, 1, 1, 0], [-1, max(0, x.shape[1] - 2), max(0, x.shape[2] - 2), -1])],
  ['its upper half', (x: Batch) => tf.slice(x, [0, 0, 0, 0], [-1, ceil(x.shape[1] / 2), -1, -1])],
  ['its lower half', (x: Batch) => tf.slice(x, [0, floor(x.shape[1] / 2), 0, 0])],
  ['its lower third', (x: Batch) => tf.slice(x, [0, floor((2 * x.shape[1]) / 3), 0, 0])],
  ['every second pixel', (x: Batch) => tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 2, 2, 1])],
  ['halved by pooling', (x: Batch) => tf.avgPool(x, 2, 2, 'same')],
  ['global mean', (x: Batch) => tf.mean(x, [1, 2])],
  ['global pooling by a window', (x: Batch) => tf.avgPool(x, [x.shape[1], x.shape[2]], 1, 'valid'), /tf\.mean|depends on a size/],
  ['patches of 4', (x: Batch) => { const [n, h, w] = [x.shape[0], floor(x.shape[1] / 4), floor(x.shape[2] / 4)]; return tf.reshape(tf.slice(x, [0, 0, 0, 0], [-1, h * 4, w * 4, -1]), [n, h, 4, w, 12]); }],
  ['patches of 8, flat', (x: Batch) => { const [h, w] = [floor(x.shape[1] / 8), floor(x.shape[2] / 8)]; return tf.reshape(tf.slice(x, [0, 0, 0, 0], [-1, h * 8, w * 8, -1]), [-1, h * w, 192]); }],
  ['space to depth', (x: Batch) => { const [n, h, w] = [x.shape[0], floor(x.shape[1] / 2), floor(x.shape[2] / 2)]; return tf.reshape(tf.transpose(tf.reshape(tf.slice(x, [0, 0, 0, 0], [-1, 2 * h, 2 * w, -1]), [n * h, 2, w, 6]), [0, 2, 1, 3]), [n, h, w, 12]); }],
  ['with coordinates as channels', (x: Batch) => { const [n, h, w] = x.shape; const rows = tf.tile(tf.reshape(tf.div(tf.range(0, h), h), [1, h, 1, 1]), [n, 1, w, 1]); return tf.concat([x, rows], 3); }],
  ['flipped', (x: Batch) => tf.reverse(x, 2)],
  ['turned by a quarter', (x: Batch) => tf.reverse(tf.transpose(x, [0, 2, 1, 3]), 2)],
  ['landscape, turned where it is not', (x: Batch) => (x.shape[1] > x.shape[2] ? tf.transpose(x, [0, 2, 1, 3]) : x), /another path|cond/],
  ['limited to 200 pixels where it is larger', (x: Batch) => (max(x.shape[1], x.shape[2]) > 200 ? resize(x, [200, 200]) : x), /another path|cond/],
  ['halved until it is below 100', (x: Batch) => { let y: Batch = x; while (y.shape[1] > 100) y = tf.avgPool(y, 2, 2, 'same'); return y; }, /another path|cond/],
  ['with the number of pixels', (x: Batch) => tf.mul(tf.mean(x, [1, 2]), x.shape[1] * x.shape[2])],
  ['by its aspect ratio', (x: Batch) => tf.mul(x, x.shape[1] / x.shape[2])],
  ['blurred', (x: Batch) => tf.depthwiseConv2d(x, tf.fill([3, 3, 3, 1], 1 / 9), 1, 'same')],
  ['edges', (x: Batch) => tf.sub(tf.slice(x, [0, 1, 0, 0], [-1, x.shape[1] - 1, -1, -1]), tf.slice(x, [0, 0, 0, 0], [-1, x.shape[1] - 1, -1, -1]))],
  ['mask of bright pixels', (x: Batch) => tf.cast(tf.greater(tf.mean(x, 3), 0.1), 'float32')],
  ['part of bright pixels', (x: Batch) => tf.mean(tf.cast(tf.greater(x, 0.1), 'float32'), [1, 2, 3])],
  ['contrast', (x: Batch) => { const mean = tf.mean(x, [1, 2], true); return tf.add(tf.mul(tf.sub(x, mean), 1.5), mean); }],
  ['a letterbox of 64', (x: Batch) => { const scale = min(64 / x.shape[1], 64 / x.shape[2]); const [h, w] = [max(1, round(x.shape[1] * scale)), max(1, round(x.shape[2] * scale))]; return tf.pad(resize(x, [h, w]), [[0, 0], [0, 64 - h], [0, 64 - w], [0, 0]]); }, /letterbox|compute it with tensors/],
  ['its shorter side 32', (x: Batch) => { const side = min(x.shape[1], x.shape[2]); return resize(x, [round((x.shape[1] * 32) / side), round((x.shape[2] * 32) / side)]); }, /resizeShorterSide|compute it with tensors/],
]); // prettier-ignore

const pictures = of('picture', [
  ['with a batch of one', (x: Picture) => tf.expandDims(x, 0)],
  ['resized to 24', (x: Picture) => resize(x, [24, 24])],
  ['resized to a half', (x: Picture) => resize(x, [ceil(x.shape[0] / 2), ceil(x.shape[1] / 2)])],
  ['resized to multiples of 8', (x: Picture) => resize(x, [ceil(x.shape[0] / 8) * 8, ceil(x.shape[1] / 8) * 8])],
  ['resized to at most 100', (x: Picture) => resize(x, [min(100, x.shape[0]), min(100, x.shape[1])])],
  ['resized to at least 64', (x: Picture) => resize(x, [max(64, x.shape[0]), max(64, x.shape[1])])],
  ['resized to a square of its longer side', (x: Picture) => { const side = max(x.shape[0], x.shape[1]); return nearest(x, [side, side]); }],
  ['padded to a square', (x: Picture) => { const side = max(x.shape[0], x.shape[1]); return tf.pad(x, [[0, side - x.shape[0]], [0, side - x.shape[1]], [0, 0]]); }],
  ['padded to a square around', (x: Picture) => { const side = max(x.shape[0], x.shape[1]); const [h, w] = [side - x.shape[0], side - x.shape[1]]; return tf.pad(x, [[floor(h / 2), ceil(h / 2)], [floor(w / 2), ceil(w / 2)], [0, 0]]); }],
  ['padded to a multiple of 32', (x: Picture) => tf.pad(x, [[0, lack(x.shape[0], 32)], [0, lack(x.shape[1], 32)], [0, 0]])],
  ['padded to at least 32 around', (x: Picture) => { const [h, w] = [max(0, 32 - x.shape[0]), max(0, 32 - x.shape[1])]; return tf.pad(x, [[floor(h / 2), h - floor(h / 2)], [floor(w / 2), w - floor(w / 2)], [0, 0]]); }],
  ['cut to the central square', (x: Picture) => { const side = min(x.shape[0], x.shape[1]); return tf.slice(x, [floor((x.shape[0] - side) / 2), floor((x.shape[1] - side) / 2), 0], [side, side, -1]); }],
  ['cut to the central half', (x: Picture) => tf.slice(x, [floor(x.shape[0] / 4), floor(x.shape[1] / 4), 0], [floor(x.shape[0] / 2), floor(x.shape[1] / 2), -1])],
  ['cut to the central 0.8', (x: Picture) => { const [h, w] = [round(x.shape[0] * 0.8), round(x.shape[1] * 0.8)]; return tf.slice(x, [floor((x.shape[0] - h) / 2), floor((x.shape[1] - w) / 2), 0], [h, w, -1]); }],
  ['cut to multiples of 16', (x: Picture) => tf.slice(x, [0, 0, 0], [floor(x.shape[0] / 16) * 16, floor(x.shape[1] / 16) * 16, -1])],
  ['its four corners', (x: Picture) => { const [h, w] = x.shape; const [a, b] = [ceil(h / 2), ceil(w / 2)]; return tf.stack([tf.slice(x, [0, 0, 0], [a, b, 3]), tf.slice(x, [h - a, w - b, 0], [a, b, 3])]); }],
  ['its left half, mirrored', (x: Picture) => tf.reverse(tf.slice(x, [0, 0, 0], [-1, floor(x.shape[1] / 2), -1]), 1)],
  ['its middle row', (x: Picture) => tf.gather(x, floor(x.shape[0] / 2))],
  ['its last column', (x: Picture) => tf.slice(x, [0, x.shape[1] - 1, 0], [-1, 1, -1])],
  ['as a list of pixels', (x: Picture) => tf.reshape(x, [x.shape[0] * x.shape[1], 3])],
  ['flat', (x: Picture) => tf.reshape(x, [-1])],
  ['patches of 16 as a list', (x: Picture) => { const [h, w] = [floor(x.shape[0] / 16), floor(x.shape[1] / 16)]; const whole = tf.slice(x, [0, 0, 0], [h * 16, w * 16, 3]); return tf.reshape(tf.transpose(tf.reshape(whole, [h, 16, w, 48]), [0, 2, 1, 3]), [h * w, 768]); }],
  ['a checkerboard on it', (x: Picture) => { const [h, w] = x.shape; const board = tf.mod(tf.add(tf.expandDims(tf.range(0, h), 1), tf.range(0, w)), 2); return tf.mul(x, tf.expandDims(board, 2)); }],
  ['darker towards the edges', (x: Picture) => { const [h, w] = x.shape; const y = tf.expandDims(tf.sub(tf.div(tf.range(0, h), h), 0.5), 1); const d = tf.add(tf.square(y), tf.square(tf.sub(tf.div(tf.range(0, w), w), 0.5))); return tf.mul(x, tf.expandDims(tf.sub(1, d), 2)); }],
  ['its upper third black', (x: Picture) => tf.pad(tf.slice(x, [floor(x.shape[0] / 3), 0, 0]), [[floor(x.shape[0] / 3), 0], [0, 0], [0, 0]])],
  ['a border of 2', (x: Picture) => tf.pad(x, [[2, 2], [2, 2], [0, 0]], 1)],
  ['gamma', (x: Picture) => tf.pow(tf.add(tf.abs(x), 0.01), 0.45)],
  ['its mean colour', (x: Picture) => tf.mean(x, [0, 1])],
  ['its brightest row', (x: Picture) => tf.argMax(tf.mean(x, [1, 2]), 0)],
  ['its sum by the number of pixels', (x: Picture) => tf.div(tf.sum(x, [0, 1]), x.shape[0] * x.shape[1])],
  ['landscape', (x: Picture) => (x.shape[0] > x.shape[1] ? tf.transpose(x, [1, 0, 2]) : x), /another path|cond/],
  ['brighter where it is dark', (x: Picture) => cond(tf.less(tf.mean(x), 0.2), () => tf.add(x, 0.3), () => x)],
  ['a random crop of three quarters', (x: Picture) => { const [h, w] = [ceil(x.shape[0] * 0.75), ceil(x.shape[1] * 0.75)]; return tf.slice(x, [x.shape[0] - h, 0, 0], [h, w, -1]); }],
  ['its shorter side 32 by tf.div', (x: Picture) => { const side = min(x.shape[0], x.shape[1]); return resize(x, [floor((x.shape[0] * 32) / side), floor((x.shape[1] * 32) / side)]); }, /resizeShorterSide|compute it with tensors/],
  ['by pixels along the diagonal', (x: Picture) => tf.scalar(Math.hypot(x.shape[0], x.shape[1])), /compute it with tensors|sizeOf/],
]); // prettier-ignore

const bytes = [
  ...of('pixels', [
    ['as float', (x: Picture) => tf.cast(x, 'float32')],
    ['scaled', (x: Picture) => tf.div(tf.cast(x, 'float32'), 255)],
    ['as a batch, resized', (x: Picture) => resize(tf.expandDims<Batch>(tf.cast(x, 'float32'), 0), [20, 20])],
    ['resized as they are', (x: Picture) => resize(x, [18, 18])],
    ['cut to a square', (x: Picture) => { const side = min(x.shape[0], x.shape[1]); return tf.div(tf.cast(tf.slice(x, [0, 0, 0], [side, side, -1]), 'float32'), 255); }],
    ['padded to a multiple of 8', (x: Picture) => tf.pad(tf.cast(x, 'float32'), [[0, lack(x.shape[0], 8)], [0, lack(x.shape[1], 8)], [0, 0]])],
    ['a mask', (x: Picture) => tf.cast(tf.greater(x, tf.scalar(100, 'int32')), 'float32')],
    ['one-hot of its quarter', (x: Picture) => tf.oneHot(tf.floorDiv(tf.gather(x, tf.tensor1d([0], 'int32'), 2), tf.scalar(64, 'int32')), 4)],
    ['inverted', (x: Picture) => tf.sub(tf.scalar(255, 'int32'), x)],
  ]),
  ...of('bytes', [
    ['scaled and resized', (x: Batch) => resize(tf.div<Batch>(tf.cast(x, 'float32'), 255), [16, 16])],
    ['each row by itself', (x: Batch) => mapFn((picture) => tf.div(tf.cast(picture, 'float32'), tf.add(tf.cast(tf.max(picture), 'float32'), 1)), x)],
    ['grey, to [-1, 1]', (x: Batch) => tf.sub(tf.div(tf.mean(tf.cast(x, 'float32'), 3), 127.5), 1)],
    ['its first picture', (x: Batch) => tf.cast(tf.gather(x, 0), 'float32')],
  ]),
]; // prettier-ignore

const sequences = [
  ...of('sequence', [
    ['the last step', (x: Picture) => tf.reshape(tf.slice(x, [0, x.shape[1] - 1, 0], [-1, 1, -1]), [-1, 4])],
    ['its last 5 steps', (x: Picture) => tf.slice(x, [0, max(0, x.shape[1] - 5), 0])],
    ['its first 8 steps', (x: Picture) => tf.slice(x, [0, 0, 0], [-1, min(8, x.shape[1]), -1])],
    ['padded to 64 steps', (x: Picture) => tf.pad(x, [[0, 0], [0, max(0, 64 - x.shape[1])], [0, 0]])],
    ['padded before to 64 steps', (x: Picture) => tf.pad(x, [[0, 0], [max(0, 64 - x.shape[1]), 0], [0, 0]])],
    ['cut or padded to 32', (x: Picture) => { const y = tf.slice(x, [0, 0, 0], [-1, min(32, x.shape[1]), -1]); return tf.pad(y, [[0, 0], [0, 32 - min(32, x.shape[1])], [0, 0]]); }],
    ['padded to a multiple of 4', (x: Picture) => tf.pad(x, [[0, 0], [0, lack(x.shape[1], 4)], [0, 0]])],
    ['chunks of 4', (x: Picture) => { const count = floor(x.shape[1] / 4); return tf.reshape(tf.slice(x, [0, 0, 0], [-1, count * 4, -1]), [x.shape[0], count, 16]); }],
    ['means of chunks of 2', (x: Picture) => { const count = floor(x.shape[1] / 2); return tf.mean(tf.reshape(tf.slice(x, [0, 0, 0], [-1, count * 2, -1]), [-1, count, 2, 4]), 2); }],
    ['differences', (x: Picture) => tf.sub(tf.slice(x, [0, 1, 0]), tf.slice(x, [0, 0, 0], [-1, x.shape[1] - 1, -1]))],
    ['shifted by one', (x: Picture) => tf.slice(tf.pad(x, [[0, 0], [1, 0], [0, 0]]), [0, 0, 0], [-1, x.shape[1], -1])],
    ['reversed', (x: Picture) => tf.reverse(x, 1)],
    ['means over time', (x: Picture) => tf.mean(x, 1)],
    ['running means', (x: Picture) => tf.div(tf.cumsum(x, 1), tf.reshape(tf.range(1, x.shape[1] + 1), [1, -1, 1]))],
    ['with positions', (x: Picture) => tf.add(x, tf.reshape(tf.div(tf.range(0, x.shape[1]), x.shape[1]), [1, -1, 1]))],
    ['with sines of positions', (x: Picture) => tf.add(x, tf.sin(tf.reshape(tf.range(0, x.shape[1]), [1, -1, 1])))],
    ['attention to what was before', (x: Picture) => { const t = x.shape[1]; const mask = tf.linalg.bandPart(tf.ones([t, t]), -1, 0); return tf.matMul(tf.mul(tf.matMul(x, x, false, true), mask), x); }],
    ['attention scaled by its length', (x: Picture) => tf.matMul(tf.softmax(tf.div(tf.matMul(x, x, false, true), Math.sqrt(x.shape[1]))), x)],
    ['its first half', (x: Picture) => tf.slice(x, [0, 0, 0], [-1, ceil(x.shape[1] / 2), -1])],
    ['every third step', (x: Picture) => tf.stridedSlice(x, [0, 0, 0], x.shape, [1, 3, 1])],
    ['its middle step', (x: Picture) => tf.gather(x, floor(x.shape[1] / 2), 1)],
    ['standardized over time', (x: Picture) => { const { mean, variance } = tf.moments(x, 1, true); return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 0.01))); }],
    ['unbiased variance', (x: Picture) => { const d = tf.sub(x, tf.mean(x, 1, true)); return tf.div(tf.sum(tf.square(d), 1), max(1, x.shape[1] - 1)); }],
    ['a step as list', (x: Picture) => tf.stack(tf.unstack(x, 1).map((step) => tf.relu(step)), 1), /as many|another path|mapFn/],
    ['a loop over steps', (x: Picture) => { let state = tf.zeros([x.shape[0], 4]); for (let i = 0; i < x.shape[1]; i++) state = tf.add(tf.mul(state, 0.9), tf.reshape(tf.slice(x, [0, i, 0], [-1, 1, -1]), [-1, 4])); return state; }, /another path|mapFn/],
    ['kernel over 3 steps', (x: Picture) => tf.conv1d(x, tf.fill([3, 4, 2], 0.1), 1, 'same')],
    ['a third of the steps', (x: Picture) => tf.slice(x, [0, 0, 0], [-1, max(1, floor(x.shape[1] / 3)), -1])],
  ]),
  ...of('steps', [
    ['its last three rows', (x: Matrix) => tf.slice(x, [max(0, x.shape[0] - 3), 0])],
    ['its best 3', (x: Matrix) => tf.topk(tf.sum(x, 1), min(3, x.shape[0])).values],
    ['padded to a multiple of 8', (x: Matrix) => tf.pad(x, [[0, lack(x.shape[0], 8)], [0, 0]])],
    ['a training and a test part', (x: Matrix) => tf.slice(x, [floor(x.shape[0] * 0.8), 0])],
    ['its first 80 percent', (x: Matrix) => tf.slice(x, [0, 0], [floor(x.shape[0] * 0.8), -1])],
    ['by their number', (x: Matrix) => tf.div(tf.sum(x, 0), x.shape[0])],
    ['distances', (x: Matrix) => tf.sum(tf.square(tf.sub(tf.expandDims(x, 0), tf.expandDims(x, 1))), 2)],
    ['without itself', (x: Matrix) => tf.sub(tf.matMul(x, x, false, true), tf.eye(x.shape[0]))],
    ['covariance', (x: Matrix) => { const d = tf.sub(x, tf.mean(x, 0)); return tf.div(tf.matMul(d, d, true), max(1, x.shape[0] - 1)); }],
    ['numbered', (x: Matrix) => tf.concat([x, tf.expandDims(tf.range(0, x.shape[0]), 1)], 1)],
    ['the first where there is one only', (x: Matrix) => (x.shape[0] === 1 ? tf.mul(x, 2) : x), /compute what the function computes|another path/],
  ]),
  ...of('samples', [
    ['louder', (x: tf.Tensor1D) => tf.mul(x, 1.5)],
    ['by its peak', (x: tf.Tensor1D) => tf.div(x, tf.add(tf.max(tf.abs(x)), 1e-3))],
    ['pre-emphasis', (x: tf.Tensor1D) => tf.sub(tf.slice(x, [1]), tf.mul(tf.slice(x, [0], [x.shape[0] - 1]), 0.97))],
    ['blocks of 16', (x: tf.Tensor1D) => { const count = floor(x.shape[0] / 16); return tf.reshape(tf.slice(x, [0], [count * 16]), [count, 16]); }],
    ['padded to blocks of 100', (x: tf.Tensor1D) => tf.reshape(tf.pad(x, [[0, lack(x.shape[0], 100)]]), [-1, 100])],
    ['energy', (x: tf.Tensor1D) => tf.sqrt(tf.div(tf.sum(tf.square(x)), x.shape[0]))],
    ['its first 300', (x: tf.Tensor1D) => tf.slice(x, [0], [min(300, x.shape[0])])],
    ['frames of TF.js', (x: tf.Tensor1D) => tf.signal.frame(x, 16, 8)],
    ['a fade in', (x: tf.Tensor1D) => tf.mul(x, tf.linspace(0, 1, x.shape[0]))],
  ]),
  ...of('tokens', [
    ['a mask of what is not 0', (x: Matrix) => tf.cast(tf.notEqual(x, tf.scalar(0, 'int32')), 'float32')],
    ['lengths', (x: Matrix) => tf.sum(tf.cast(tf.notEqual(x, tf.scalar(0, 'int32')), 'int32'), 1)],
    ['one-hot', (x: Matrix) => tf.oneHot(tf.mod(x, tf.scalar(8, 'int32')), 8)],
    ['at most 24', (x: Matrix) => tf.slice(x, [0, 0], [-1, min(24, x.shape[1])])],
    ['positions', (x: Matrix) => tf.add(tf.mul(x, tf.scalar(0, 'int32')), tf.range(0, x.shape[1], 1, 'int32'))],
    ['padded to a multiple of 64', (x: Matrix) => tf.pad(tf.cast(x, 'float32'), [[0, 0], [0, lack(x.shape[1], 64)]])],
    ['embedded', (x: Matrix) => tf.gather(tf.fill([16, 3], 0.5), tf.mod(x, tf.scalar(16, 'int32')))],
  ]),
  ...of('matrix', [
    ['square by padding', (x: Matrix) => { const side = max(x.shape[0], x.shape[1]); return tf.pad(x, [[0, side - x.shape[0]], [0, side - x.shape[1]]]); }],
    ['square by cutting', (x: Matrix) => { const side = min(x.shape[0], x.shape[1]); return tf.slice(x, [0, 0], [side, side]); }],
    ['its upper left quarter', (x: Matrix) => tf.slice(x, [0, 0], [ceil(x.shape[0] / 2), ceil(x.shape[1] / 2)])],
    ['the mean of all', (x: Matrix) => tf.div(tf.sum(x), x.shape[0] * x.shape[1])],
    ['rows by their norms', (x: Matrix) => tf.div(x, tf.add(tf.norm(x, 2, 1, true), 1e-3))],
    ['a band around the diagonal', (x: Matrix) => tf.linalg.bandPart(x, 2, 2)],
    ['as one row', (x: Matrix) => tf.reshape(x, [1, -1])],
    ['squeezed', (x: Matrix) => tf.squeeze(x), /name the axis|compute what|another path/],
  ]),
]; // prettier-ignore

/** Typical ways to preprocess images and sequences. */
export const snippets: readonly Snippet[] = [...batches, ...pictures, ...bytes, ...sequences];
