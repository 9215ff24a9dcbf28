import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import type { SavedModel } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';

const restoreOps = /^Restore(?:V2|Slice)?$/;
/** Entry that every checkpoint of TensorFlow 2 has, even without a single variable. */
const objectGraph = '_CHECKPOINTABLE_OBJECT_GRAPH';

/**
 * Whether a SavedModel restores values from its `variables` folder when it is loaded. A frozen graph does not, nor does one whose
 * variables are all set by its init op: TensorFlow loads it without that folder ("no checkpoints were restored").
 */
export function restoresVariables({ metaGraphs }: SavedModel): boolean {
  return metaGraphs.some(restores);
}

function restores({ saverDef, graphDef }: MetaGraphDef): boolean {
  if ((saverDef?.restoreOpName ?? '') === '') return false;
  const functions = graphDef?.library?.function ?? [];
  return [graphDef?.node ?? [], ...functions.map(({ nodeDef }) => nodeDef)].some((nodes) =>
    nodes.some((node) => restoreOps.test(node.op) && !isOfObjectGraph(node, nodes)),
  );
}

/** Whether an op that restores reads nothing but the description of the objects. */
function isOfObjectGraph({ input }: NodeDef, nodes: readonly NodeDef[]): boolean {
  const names = input[1]?.split(':', 1)[0];
  const value = nodes.find(({ name, op }) => name === names && op === 'Const')?.attr.value?.value;
  const strings = value?.case === 'tensor' ? value.value.stringVal : [];
  return strings.length > 0 && strings.every((bytes) => Buffer.from(bytes).toString() === objectGraph);
}
