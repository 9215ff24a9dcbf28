import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef, TensorInfo } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { nodesFor, reachableFunctions } from './graph-scopes.js';

/** Key of the signature that sets a model up. */
export const initKey = '__saved_model_init_op';

/** Ops that change what a later call finds. */
const changing =
  /^(?:Resource)?(?:Sparse)?(?:Assign|Scatter|Apply)|^LookupTable(?:Insert|Remove|Import)|Enqueue|^(?:Stack|Stage)Push/;

/**
 * Finds an op by which a call of a signature changes what a later call finds, such as an assignment to a variable.
 *
 * @returns Its type; undefined where no call changes anything.
 */
export function changingOp(graph: MetaGraphDef): string | undefined {
  const { main, functions } = callableFunctions(graph);
  return [...main, ...functions.flatMap(({ nodeDef }) => nodeDef)].find(({ op }) => changing.test(op))?.op;
}

/** Finds the nodes that calls of the signatures may run, and the functions that these call. */
export function callableFunctions(graph: MetaGraphDef): {
  readonly main: readonly NodeDef[];
  readonly functions: readonly FunctionDef[];
} {
  const { node = [], library } = graph.graphDef ?? {};
  const functions = new Map((library?.function ?? []).map((each): [string, FunctionDef] => [each.signature?.name ?? '', each])); // prettier-ignore
  const main = nodesFor(node, callableTensors(graph));
  return { main, functions: reachableFunctions(main, (name) => functions.get(name)) };
}

/** Inputs and outputs of the signatures that can be called. */
export function callableTensors({ signatureDef }: MetaGraphDef): string[] {
  const callable = Object.entries(signatureDef).filter(([key]) => key !== initKey);
  return callable.flatMap(([, { inputs, outputs }]) => namesOf([...Object.values(inputs), ...Object.values(outputs)]));
}

/** Names of the tensors of a signature. */
export function namesOf(infos: readonly TensorInfo[]): string[] {
  return infos.flatMap(({ encoding }) => (encoding.case === 'name' ? [encoding.value] : []));
}
