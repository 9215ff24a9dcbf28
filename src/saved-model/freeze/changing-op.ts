import type { FunctionDef } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { maximumIterationsAttribute } from '../../ops/while-loop.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef, TensorInfo } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { nodesFor, reachableFunctions } from './graph-scopes.js';

/** Key of the signature that sets a model up. */
export const initKey = '__saved_model_init_op';

/** Ops that change what a later call finds. */
const changing =
  /^(?:Resource)?(?:Sparse)?(?:Assign|Scatter|Apply)|^LookupTable(?:Insert|Remove|Import)|Enqueue|^(?:Stack|Stage)Push/;

/** Ops that may run the same nodes any number of times, as values decide; those of v1 graphs too. */
const looping = /^(?:Stateless)?While$|^_?(?:XlaWhile|For|Recv)$|^(?:Ref)?(?:Enter|NextIteration)$/;

/**
 * Finds an op by which a call of a signature changes what a later call finds, such as an assignment to a variable.
 *
 * @returns Its type; undefined where no call changes anything.
 */
export function changingOp(graph: MetaGraphDef): string | undefined {
  return callableNodes(graph).find(({ op }) => changing.test(op))?.op;
}

/** Finds an op by which values, and not sizes alone, may decide how long a call takes: a loop without a limit. @returns Its type. */
export function loopingOp(graph: MetaGraphDef): string | undefined {
  const isEndless = ({ op, attr }: NodeDef) => looping.test(op) && !(maximumIterationsAttribute in attr);
  return callableNodes(graph).find(isEndless)?.op;
}

/** Everything that calls of the signatures may run, in functions too. */
function callableNodes(graph: MetaGraphDef): NodeDef[] {
  const { node = [], library } = graph.graphDef ?? {};
  const functions = new Map((library?.function ?? []).map((each): [string, FunctionDef] => [each.signature?.name ?? '', each])); // prettier-ignore
  const nodes = nodesFor(node, callableTensors(graph));
  const inner = reachableFunctions(nodes, (name) => functions.get(name)).flatMap(({ nodeDef }) => nodeDef);
  return [...nodes, ...inner];
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
