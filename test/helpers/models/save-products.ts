import { create } from '@bufbuild/protobuf';

import { constantNode } from '../../../src/export/graph-nodes.js';
import { AttrValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { type NodeInit, placeholder, tensorInfo, writeGraphs } from './write-graph.js';

const float = create(AttrValueSchema, { value: { case: 'type', value: DataType.DT_FLOAT } });

/**
 * Saves a graph of TensorFlow 1 with products of matrices. Signatures, each of x to y [?, 1]: `serving_default` (x [?, 2] to x * 2 * [2, 3]),
 * `scaled` (takes what x * 2 is in it), and `wide` (x [?, 3] to x * [1, 2, 3]).
 */
export async function saveProducts(directory: string): Promise<string> {
  const op = (name: string, kind: string, ...input: string[]): NodeInit => ({ name, op: kind, input, attr: { T: float } }); // prettier-ignore
  const column = (name: string, ...values: number[]) =>
    constantNode(name, { dtype: 'float32', shape: [values.length, 1], values: Float32Array.from(values) });
  const node = [
    placeholder('x', 'float32'),
    column('two', 2),
    op('twice', 'Mul', 'x', 'two'),
    column('weights', 2, 3),
    op('y', 'MatMul', 'twice', 'weights'),
    placeholder('wide_x', 'float32'),
    column('wide_weights', 1, 2, 3),
    op('wide_y', 'MatMul', 'wide_x', 'wide_weights'),
  ];
  const signature = (from: string, size: number, to: string) => ({
    inputs: { x: tensorInfo(from, DataType.DT_FLOAT, [-1, size]) },
    outputs: { y: tensorInfo(to, DataType.DT_FLOAT, [-1, 1]) },
  });
  const signatureDef = {
    serving_default: signature('x', 2, 'y'),
    scaled: signature('twice', 2, 'y'),
    wide: signature('wide_x', 3, 'wide_y'),
  };
  const graphDef = { node, versions: { producer: 1882 } };
  return writeGraphs(directory, [{ metaInfoDef: { tags: ['serve'] }, graphDef, signatureDef }]);
}
