import { anyUnpack } from '@bufbuild/protobuf/wkt';

import {
  type AssetFileDef,
  AssetFileDefSchema,
  type MetaGraphDef,
} from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';

/** Collection in which TensorFlow 1 lists a graph's files. */
export const assetsCollection = 'saved_model_assets';

/**
 * The files that come with a graph, and the tensors that are given their paths.
 *
 * Source: `GetAssetFileDefs` in tensorflow/cc/saved_model/loader_util.cc.
 */
export function assetFilesOf({ assetFileDef, collectionDef }: MetaGraphDef): readonly AssetFileDef[] {
  if (assetFileDef.length > 0) return assetFileDef;
  const { kind } = collectionDef[assetsCollection] ?? {};
  return kind?.case === 'anyList' ? kind.value.value.flatMap((each) => anyUnpack(each, AssetFileDefSchema) ?? []) : [];
}
