import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef, TensorInfo } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { nodesFor, reachableFunctions } from './graph-scopes.js';

/** Key of the signature that sets a model up. */
export const initKey = '__saved_model_init_op';

/** Nodes that calls of the signatures may run. */
export interface CallableGraph {
  /** Nodes of the graph itself. */
  readonly main: readonly NodeDef[];
  /** Functions that these call, directly or through other functions. */
  readonly functions: readonly FunctionDef[];
}

/** Finds what calls of the signatures may run. */
export function callableGraph(graph: MetaGraphDef): CallableGraph {
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
