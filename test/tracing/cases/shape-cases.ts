import * as tf from '../../../src/tensorflow/tf.js';
import { type CoverageCase, float, given, int, string, traces } from './coverage-case.js';

const image = [null, null, null, 3];
const gradient = true;
/** Where an unknown size must be at least so many. */
const atLeast3 = [
  [4, 8, 9, 6],
  [3, 11, 6, 4],
  [3, 3, 3, 3],
];
const even = [
  [4, 8, 6, 2],
  [2, 2, 4, 4],
];

export const shapeCases: readonly CoverageCase[] = [
  traces('reshape with one unknown size', 'Reshape', [float(image)], (x: tf.Tensor) => tf.reshape(x, [-1, 3]), {
    gradient,
  }),
  traces(
    'reshape to products of sizes',
    'Reshape',
    [float(image)],
    (x: tf.Tensor4D) => tf.reshape(x, [x.shape[0] * x.shape[1], x.shape[2] * 3]),
    { gradient },
  ),
  traces('reshape to a vector', 'Reshape', [float([null, null])], (x: tf.Tensor) => x.flatten(), { gradient }),
  traces('reshape of ints', 'Reshape', [int([null, 4])], (x: tf.Tensor) => tf.reshape(x, [-1, 2, 2])),
  traces('reshape of sizes', 'Reshape', [float([null, 3])], (x: tf.Tensor2D) => ({
    ints: tf.reshape(tf.tensor1d([x.shape[0], 3], 'int32'), [2, 1]),
    floats: tf.reshape(tf.tensor1d([x.shape[0], 3]), [2, 1]),
  })),
  traces('expandDims', 'ExpandDims', [float([null, null])], (x: tf.Tensor) => tf.expandDims(x, 1), { gradient }),
  traces('squeeze of a named axis', 'Reshape', [float([null, 1, null])], (x: tf.Tensor) => tf.squeeze(x, [1]), {
    gradient,
  }),
  traces('transpose', 'Transpose', [float(image)], (x: tf.Tensor) => tf.transpose(x, [0, 3, 1, 2]), { gradient }),
  traces('transpose without an order', 'Transpose', [float([null, null])], (x: tf.Tensor) => tf.transpose(x), {
    gradient,
  }),
  traces('slice with sizes', 'Slice', [float([null, 5])], (x: tf.Tensor) => tf.slice(x, [0, 1], [-1, 3]), { gradient }),
  traces(
    'slice up to the last row',
    'Slice',
    [float(image)],
    (x: tf.Tensor4D) => tf.slice(x, [0, 0, 1, 0], [-1, x.shape[1] - 1, -1, 2]),
    { gradient, sizes: atLeast3 },
  ),
  traces('slice of all', 'Slice', [float(image)], (x: tf.Tensor4D) => tf.slice(x, [0, 0, 0, 0], x.shape), { gradient }),
  traces('slice of the first rows', 'Slice', [float([null, null])], (x: tf.Tensor) => tf.slice(x, 0, 2), {
    gradient,
    sizes: atLeast3,
  }),
  traces(
    'stridedSlice',
    'StridedSlice',
    [float([null, null])],
    (x: tf.Tensor) => tf.stridedSlice(x, [0, 1], [2, 3], [1, 2]),
    { sizes: atLeast3 },
  ),
  traces(
    'stridedSlice of a dynamic end',
    'StridedSlice',
    [float([null, null])],
    (x: tf.Tensor2D) => tf.stridedSlice(x, [0, 1], [x.shape[0], x.shape[1]], [1, 2]),
    { sizes: atLeast3 },
  ),
  traces('stridedSlice with masks', 'StridedSlice', [float([null, null, 4])], (x: tf.Tensor) =>
    tf.stridedSlice(x, [0, 0, 1], [0, 0, 2], [2, 1, 1], 3, 3, 0, 0, 4),
  ),
  traces(
    'concat',
    'Concat',
    [float(['b', null]), float(['b', null])],
    (a: tf.Tensor, b: tf.Tensor) => tf.concat([a, b], 1),
    { gradient },
  ),
  traces('concat of one', 'Identity', [float([null, null])], (x: tf.Tensor) => tf.concat([x], 1), { gradient }),
  traces('concat of ints', 'Concat', [int([null, 2]), int([null, 2])], (a: tf.Tensor, b: tf.Tensor) =>
    tf.concat([a, b], 0),
  ),
  traces('sizes after a concat', 'Concat', [float([null, 2]), float([null, 2])], (a: tf.Tensor2D, b: tf.Tensor2D) =>
    tf.mul(tf.ones([a.shape[0] + b.shape[0], 2]), tf.concat([a, b], 0)),
  ),
  traces('a sum of two sizes', '', [float([null, 2]), float([null, 2])], (a: tf.Tensor2D, b: tf.Tensor2D) =>
    tf.mul(tf.ones([a.shape[0] + b.shape[0]]), tf.sum(tf.concat([a, b]))),
  ),
  traces('stack', 'Pack', [float(['b', 'n']), float(['b', 'n'])], (a: tf.Tensor, b: tf.Tensor) => tf.stack([a, b], 1), {
    gradient,
  }),
  traces(
    'unstack',
    'Unpack',
    [float([null, 3, null])],
    (x: tf.Tensor) => {
      const [a, b, c] = tf.unstack(x, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return { a, b, c };
    },
    { gradient },
  ),
  traces(
    'split into equal parts',
    'SplitV',
    [float([null, 6])],
    (x: tf.Tensor) => {
      const [a, b, c] = tf.split(x, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return { a, b, c };
    },
    { gradient },
  ),
  traces(
    'split into named sizes',
    'SplitV',
    [float([null, null])],
    (x: tf.Tensor2D) => {
      const [a, b] = tf.split(x, [1, x.shape[1] - 1], 1) as [tf.Tensor, tf.Tensor];
      return { a, b };
    },
    { gradient, sizes: atLeast3 },
  ),
  traces('tile', 'Tile', [float([null, null])], (x: tf.Tensor) => tf.tile(x, [1, 2]), { gradient }),
  traces('tile of rank 5', 'Tile', [float([null, 2, null, 1, 2])], (x: tf.Tensor) => tf.tile(x, [1, 2, 3, 2, 1]), {
    gradient,
  }),
  traces('tile by 1', 'Tile', [float([null, null])], (x: tf.Tensor) => tf.tile(x, [1, 1]), { gradient }),
  traces(
    'tile by a size',
    'Tile',
    [float([null, 3]), float([null])],
    (x: tf.Tensor, y: tf.Tensor1D) => tf.tile(x, [y.shape[0], 1]),
    { gradient: [0] },
  ),
  traces(
    'broadcastTo',
    'Tile',
    [float([1, 3]), float([null])],
    (x: tf.Tensor, y: tf.Tensor1D) => tf.broadcastTo(x, [y.shape[0], 3]),
    { gradient: [0] },
  ),
  traces(
    'broadcastTo more dimensions',
    'Tile',
    [float(['n', 1]), float([null, 'n'])],
    (x: tf.Tensor, y: tf.Tensor2D) => tf.broadcastTo(x, [y.shape[0], y.shape[1], 4]),
    { gradient: [0] },
  ),
  traces('broadcastTo the same shape', 'Identity', [float([null, 3])], (x: tf.Tensor2D) => tf.broadcastTo(x, x.shape), {
    gradient,
  }),
  traces(
    'pad',
    'PadV2',
    [float(image)],
    (x: tf.Tensor) =>
      tf.pad(
        x,
        [
          [0, 0],
          [1, 2],
          [0, 3],
          [0, 0],
        ],
        0.5,
      ),
    { gradient },
  ),
  traces(
    'pad with nothing',
    'PadV2',
    [float([null, null])],
    (x: tf.Tensor) =>
      tf.pad(x, [
        [0, 0],
        [0, 0],
      ]),
    { gradient },
  ),
  traces(
    'pad to a size',
    'PadV2',
    [float([null, null])],
    (x: tf.Tensor2D) =>
      tf.pad(x, [
        [0, 0],
        [0, 200 - x.shape[1]],
      ]),
    { gradient },
  ),
  traces(
    'pad to the double',
    'PadV2',
    [float([null, null])],
    (x: tf.Tensor2D) =>
      tf.pad(x, [
        [x.shape[0], 0],
        [0, x.shape[1]],
      ]),
    { gradient },
  ),
  traces(
    'mirrorPad reflecting',
    'MirrorPad',
    [float(image)],
    (x: tf.Tensor) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ],
        'reflect',
      ),
    { sizes: atLeast3 },
  ),
  traces(
    'mirrorPad symmetric',
    'MirrorPad',
    [float(image)],
    (x: tf.Tensor) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 0],
          [0, 2],
          [0, 0],
        ],
        'symmetric',
      ),
    { gradient, sizes: atLeast3 },
  ),
  traces('reverse of an axis', 'Reverse', [float(image)], (x: tf.Tensor) => tf.reverse(x, [1]), { gradient }),
  traces('reverse of all axes', 'Reverse', [float([null, null])], (x: tf.Tensor) => tf.reverse(x), { gradient }),
  traces('reverse of no axis', 'Reverse', [float([null, null])], (x: tf.Tensor) => tf.reverse(x, []), { gradient }),
  traces(
    'gather',
    'GatherV2',
    [float([6, null]), int([null], 0, 6)],
    (x: tf.Tensor, i: tf.Tensor1D) => tf.gather(x, i),
    { gradient: [0] },
  ),
  traces(
    'gather along an axis',
    'GatherV2',
    [float([null, 6, null]), int([null], 0, 6)],
    (x: tf.Tensor, i: tf.Tensor1D) => tf.gather(x, i, 1),
    { gradient: [0] },
  ),
  traces(
    'gather of constants',
    'GatherV2',
    [float([null, 6])],
    (x: tf.Tensor) => tf.gather(x, tf.tensor1d([5, 0, 3], 'int32'), 1),
    { gradient },
  ),
  traces(
    'gather of a matrix of indices',
    'GatherV2',
    [float([6, 2]), int([null, null], 0, 6)],
    (x: tf.Tensor, i: tf.Tensor) => tf.gather(x, i),
    { gradient: [0] },
  ),
  traces(
    'gather by computed indices',
    'GatherV2 ArgMax',
    [float([null, 6]), float([6, null])],
    (x: tf.Tensor, table: tf.Tensor) => tf.gather(table, tf.argMax<tf.Tensor1D>(x, 1)),
  ),
  traces('gather in batches', 'GatherV2', [float(['b', 6]), int(['b', null], 0, 6)], (x: tf.Tensor, i: tf.Tensor) =>
    tf.gather(x, i, 1, 1),
  ),
  traces('gatherND', 'GatherNd', [float([4, 5, null]), int([null, 2], 0, 4)], (x: tf.Tensor, i: tf.Tensor) =>
    tf.gatherND(x, i),
  ),
  traces('scatterND', 'ScatterNd', [int(['n', 1], 0, 8), float(['n', null])], (i: tf.Tensor, x: tf.Tensor2D) =>
    tf.scatterND(i, x, [8, x.shape[1]]),
  ),
  traces(
    'tensorScatterUpdate',
    'TensorScatterUpdate',
    [float([8, 'm']), given('int32', ['n', 1], [3, 0, 7, 5]), float(['n', 'm'])],
    (x: tf.Tensor, i: tf.Tensor, updates: tf.Tensor) => tf.tensorScatterUpdate(x, i, updates),
    {
      sizes: [
        [2, 4],
        [5, 1],
      ],
    },
  ),
  traces(
    'sparseToDense',
    'SparseToDense',
    [given('int32', ['n'], [0, 2, 3, 7]), float(['n'])],
    (i: tf.Tensor1D, x: tf.Tensor1D) => tf.sparseToDense(i, x, [9], 0.5),
    { sizes: [[4], [1], [3]] },
  ),
  traces(
    'unsortedSegmentSum',
    'UnsortedSegmentSum',
    [float(['n', null]), int(['n'], 0, 5)],
    (x: tf.Tensor, ids: tf.Tensor1D) => tf.unsortedSegmentSum(x, ids, 5),
    { gradient: [0] },
  ),
  traces(
    'unsortedSegmentSum into a size',
    'UnsortedSegmentSum',
    [float(['n', null]), int(['n'], 0, 1)],
    (x: tf.Tensor, ids: tf.Tensor1D) => tf.unsortedSegmentSum(x, ids, ids.shape[0]),
  ),
  traces('bincount', 'Bincount', [int(['n'], 0, 5), float(['n'])], (x: tf.Tensor1D, weights: tf.Tensor1D) =>
    tf.bincount(x, weights, 5),
  ),
  traces('oneHot', 'OneHot', [int([null, null], 0, 5)], (x: tf.Tensor) => tf.oneHot(x, 5), { gradient }),
  traces('oneHot with values', 'OneHot', [int([null], 0, 5)], (x: tf.Tensor) => tf.oneHot(x, 5, 0.9, 0.1, 'float32')),
  traces(
    'oneHot as deep as a size',
    'OneHot',
    [int([null], 0, 3), float([null])],
    (x: tf.Tensor, y: tf.Tensor1D) => tf.oneHot(x, y.shape[0]),
    {
      sizes: [
        [3, 4],
        [1, 2],
      ],
    },
  ),
  traces(
    'spaceToBatchND',
    'SpaceToBatchND',
    [float([null, 4, 4, null])],
    (x: tf.Tensor) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    { gradient },
  ),
  traces(
    'batchToSpaceND',
    'BatchToSpaceND',
    [float([4, null, null, 1])],
    (x: tf.Tensor) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
    { gradient },
  ),
  traces(
    'batchToSpaceND with crops',
    'BatchToSpaceND',
    [float([4, null, null, 1])],
    (x: tf.Tensor) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    { gradient, sizes: even },
  ),
  traces('depthToSpace', 'DepthToSpace', [float([null, null, null, 12])], (x: tf.Tensor4D) =>
    tf.depthToSpace(x, 2, 'NHWC'),
  ),
  traces('diag', 'Diag', [float([null])], (x: tf.Tensor) => tf.diag(x)),
  traces('fill', 'Fill', [float([null, null])], (x: tf.Tensor2D) =>
    tf.mul(tf.fill([x.shape[1], x.shape[0]], 7), tf.sum(x)),
  ),
  traces('fill of ints', 'Fill', [int([null])], (x: tf.Tensor1D) => tf.fill(x.shape, 7, 'int32')),
  traces('fill of strings', 'Fill', [string([null])], (x: tf.Tensor1D) => tf.fill(x.shape, 'abc', 'string')),
  traces('zeros and ones', '', [float([null, null])], (x: tf.Tensor2D) => ({
    zeros: tf.zeros([x.shape[0]]),
    ones: tf.ones([2, x.shape[1]]),
    ints: tf.zeros(x.shape, 'int32'),
    bools: tf.ones(x.shape, 'bool'),
  })),
  traces('range', 'Range', [float([null])], (x: tf.Tensor1D) => tf.add(tf.range(0, x.shape[0]), tf.sum(x))),
  traces('range of ints', 'Range', [float([null])], (x: tf.Tensor1D) => tf.range(0, x.shape[0], 1, 'int32')),
  traces('range from a size', 'Range', [float([null])], (x: tf.Tensor1D) =>
    tf.range(x.shape[0], 2 * x.shape[0] + 1, 1, 'int32'),
  ),
  traces('range in steps', 'Range', [float([null])], (x: tf.Tensor1D) => tf.range(5, 3 * x.shape[0] + 5, 3, 'int32')),
  traces('range downwards', 'Range', [float([null])], (x: tf.Tensor1D) => tf.range(x.shape[0] - 1, -1, -1, 'int32')),
  traces('linspace', 'LinSpace', [float([null])], (x: tf.Tensor1D) => tf.linspace(0, 1, x.shape[0])),
  traces('linspace up to a size', 'LinSpace', [float([null])], (x: tf.Tensor1D) =>
    tf.linspace(0, x.shape[0] - 1, x.shape[0]),
  ),
  traces('eye', 'Reshape', [float(['n', 'n'])], (x: tf.Tensor2D) => tf.add(tf.eye(x.shape[0]), x)),
  traces('eye with more columns than rows', '', [float([null, null])], (x: tf.Tensor2D) =>
    tf.add(tf.eye(x.shape[0], x.shape[1]), x),
  ),
  traces('eye in batches', '', [float([null, null])], (x: tf.Tensor2D) => tf.eye(3, 3, [x.shape[0]])),
  traces('meshgrid', '', [float([null]), float([null])], (x: tf.Tensor1D, y: tf.Tensor1D) => {
    const [a, b] = tf.meshgrid(x, y) as [tf.Tensor, tf.Tensor];
    return { a, b };
  }),
  traces('meshgrid of ranges', '', [float([null, null])], (x: tf.Tensor2D) => {
    const [a, b] = tf.meshgrid(tf.range(0, x.shape[1]), tf.range(0, x.shape[0]), { indexing: 'ij' }) as [
      tf.Tensor,
      tf.Tensor,
    ];
    return { a, b };
  }),
  traces(
    'nonMaxSuppressionPadded',
    'NonMaxSuppressionV4',
    [float([6, 4], 0, 1), float([6], 0, 1)],
    (b: tf.Tensor2D, s: tf.Tensor1D) => {
      return { ...tf.image.nonMaxSuppressionPadded(b, s, 4, 0.5, 0, true) };
    },
  ),
  traces(
    'broadcastArgs',
    'BroadcastArgs',
    [given('int32', [2], [1, 3]), given('int32', [1], [3])],
    (a: tf.Tensor, b: tf.Tensor) => tf.broadcastArgs(a, b),
  ),
  traces('staticRegexReplace', 'StaticRegexReplace', [string([null])], (x: tf.Tensor) =>
    tf.string.staticRegexReplace(x, 'te.t', '-'),
  ),
];
