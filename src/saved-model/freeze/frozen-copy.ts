import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf, dtypeOf } from '../../tensorflow/data-type.js';
import { AttrValueSchema } from '../../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { type TensorProto, TensorProtoSchema } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { readTensorBundle } from '../checkpoint/read-tensor-bundle.js';
import { assetFilesOf, assetsCollection } from '../read/asset-files.js';
import { contentBytes } from '../read/tensor-proto-value.js';
import { freezeGraph, NotFrozen } from './freeze-graph.js';
import { restoredVariables } from './restored-variables.js';

/** Maximum size of the values in bytes. A graph with more is left as it is: a protocol buffer is smaller than 2 GiB, and TensorFlow copies it. */
const mostBytes = 2 ** 30;

/**
 * Writes a copy of a SavedModel whose variables are constants into a temporary folder, uses it, and deletes it.
 *
 * @param metaGraph The graph of `directory` to copy.
 * @param use Receives the folder, which may be gone once its promise has settled.
 * @throws NotFrozen for a graph that needs its variables, or files; whatever `use` throws.
 * @throws SignetError `INVALID_SAVED_MODEL` for variables that cannot be read.
 */
export async function withFrozenCopy<T>(
  directory: string,
  metaGraph: MetaGraphDef,
  use: (folder: string) => T | Promise<T>,
): Promise<T> {
  const values = await readValues(directory, restoredVariables(metaGraph));
  const frozen = freezeGraph(metaGraph, values);
  nameAssets(frozen, path.resolve(directory));
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-'));
  try {
    const model = create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [frozen] });
    await writeFile(path.join(folder, 'saved_model.pb'), toBinary(SavedModelSchema, model));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The copy has no files, so the graph gets their paths in the original instead of names that TensorFlow would complete. */
function nameAssets(graph: MetaGraphDef, directory: string): void {
  const nodes = new Map((graph.graphDef?.node ?? []).map((node) => [node.name, node]));
  for (const { filename, tensorInfo } of assetFilesOf(graph)) {
    const name = tensorInfo?.encoding.case === 'name' ? tensorInfo.encoding.value : '';
    const node = nodes.get(name.split(':', 1)[0] ?? '');
    // A node that no signature needs has been removed already.
    if (!node) continue;
    if (!['Const', 'Placeholder'].includes(node.op)) throw new NotFrozen(`its file ${filename} is given to ${node.op}`);
    const stringVal = [Buffer.from(path.join(directory, 'assets', filename))];
    const tensor = { dtype: DataType.DT_STRING, tensorShape: {}, stringVal };
    node.op = 'Const';
    node.attr = {
      dtype: create(AttrValueSchema, { value: { case: 'type', value: DataType.DT_STRING } }),
      value: create(AttrValueSchema, { value: { case: 'tensor', value: tensor } }),
    };
  }
  graph.assetFileDef = [];
  graph.collectionDef = Object.fromEntries(
    Object.entries(graph.collectionDef).filter(([name]) => name !== assetsCollection),
  );
}

async function readValues(directory: string, keys: ReadonlyMap<string, string>): Promise<Map<string, TensorProto>> {
  const values = new Map<string, TensorProto>();
  if (keys.size === 0) return values;
  const bundle = await readTensorBundle(path.join(directory, 'variables', 'variables'));
  let bytes = 0;
  for (const [node, key] of keys) {
    const entry = bundle.entries.get(key);
    const dtype = entry && dtypeOf(entry.dataType);
    if (!entry || !dtype || dtype === 'string' || entry.isPartitioned) {
      throw new NotFrozen(`the variable ${node} is not a whole tensor of numbers`);
    }
    bytes += entry.size;
    if (bytes > mostBytes) throw new NotFrozen(`its variables have more than ${mostBytes} bytes`);
    const tensorContent = contentBytes(dtype, await bundle.read(key));
    const dim = entry.shape.map((size) => ({ size: BigInt(size) }));
    values.set(node, create(TensorProtoSchema, { dtype: dataTypeOf(dtype), tensorShape: { dim }, tensorContent }));
  }
  return values;
}
