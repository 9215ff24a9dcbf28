import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import { AttrValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { NodeDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { TensorProtoSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { saveScale } from './save-scale.js';

/** Saves a model as `saveScale` does, but one that writes `written` to a file in every call. */
export async function saveWriter(folder: string, version: number, file: string): Promise<void> {
  const directory = await saveScale(folder, version);
  const graphFile = path.join(directory, 'saved_model.pb');
  const model = fromBinary(SavedModelSchema, await readFile(graphFile));
  for (const { nodeDef } of model.metaGraphs.flatMap(({ graphDef }) => graphDef?.library?.function ?? [])) {
    for (const each of nodeDef) if (each.op === 'Mul') each.input.push('^evil_write');
    nodeDef.push(text('evil_file', file), text('evil_content', 'written'));
    const input = ['evil_file:output:0', 'evil_content:output:0'];
    nodeDef.push(create(NodeDefSchema, { name: 'evil_write', op: 'WriteFile', input }));
  }
  await writeFile(graphFile, toBinary(SavedModelSchema, model));
}

function text(name: string, content: string) {
  const dtype = DataType.DT_STRING;
  const tensor = create(TensorProtoSchema, { dtype, tensorShape: {}, stringVal: [Buffer.from(content)] });
  const attr = {
    dtype: create(AttrValueSchema, { value: { case: 'type', value: dtype } }),
    value: create(AttrValueSchema, { value: { case: 'tensor', value: tensor } }),
  };
  return create(NodeDefSchema, { name, op: 'Const', attr });
}
