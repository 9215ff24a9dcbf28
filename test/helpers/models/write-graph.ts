import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf, type DType } from '../../../src/tensorflow/data-type.js';
import { AttrValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import type { NodeDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { MetaGraphDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';

export type NodeInit = MessageInitShape<typeof NodeDefSchema>;
export type MetaGraphInit = MessageInitShape<typeof MetaGraphDefSchema>;

/** A placeholder of any shape. */
export function placeholder(name: string, dtype: DType): NodeInit {
  return { name, op: 'Placeholder', attr: { dtype: typeAttr(dataTypeOf(dtype)) } };
}

/** An op with one input, which it returns unchanged. */
export function identity(name: string, input: string, dtype: DType): NodeInit {
  return { name, op: 'Identity', input: [input], attr: { T: typeAttr(dataTypeOf(dtype)) } };
}

/** A tensor of a signature, with rows or of any shape. */
export function tensorInfo(node: string, dataType: DataType, shape: readonly number[] | null = null) {
  const tensorShape = shape ? { dim: shape.map((size) => ({ size: BigInt(size) })) } : { unknownRank: true };
  return { encoding: { case: 'name' as const, value: `${node}:0` }, dtype: dataType, tensorShape };
}

/** A TensorFlow 1 graph that returns its inputs, of every type: one signature per type, and one with all types. */
export function echoGraph(dtypes: readonly DType[], shape: readonly number[] | null = null) {
  const infos = (prefix: string, of: readonly DType[]) =>
    Object.fromEntries(of.map((dtype) => [dtype, tensorInfo(`${prefix}_${dtype}`, dataTypeOf(dtype), shape)]));
  const signature = (of: readonly DType[]) => ({ inputs: infos('in', of), outputs: infos('out', of) });
  return {
    metaInfoDef: { tags: ['serve'] },
    graphDef: {
      node: dtypes.flatMap((dtype) => [
        placeholder(`in_${dtype}`, dtype),
        identity(`out_${dtype}`, `in_${dtype}`, dtype),
      ]),
      versions: { producer: 1882 },
    },
    signatureDef: {
      serving_default: signature(dtypes),
      ...Object.fromEntries(dtypes.map((dtype) => [dtype, signature([dtype])])),
    },
  };
}

/** Writes graphs as a SavedModel without variables, as a frozen graph is. */
export async function writeGraphs(directory: string, metaGraphs: readonly MetaGraphInit[]): Promise<string> {
  await mkdir(directory, { recursive: true });
  const model = create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [...metaGraphs] });
  await writeFile(path.join(directory, 'saved_model.pb'), toBinary(SavedModelSchema, model));
  return directory;
}

function typeAttr(value: DataType) {
  return create(AttrValueSchema, { value: { case: 'type', value } });
}
