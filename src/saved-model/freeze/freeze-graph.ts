import { clone, create } from '@bufbuild/protobuf';

import { AttrValueSchema } from '../../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { type FunctionDef, FunctionDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import {
  type MetaGraphDef,
  MetaGraphDefSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { callableGraph, callableTensors, initKey, namesOf } from './callable-graph.js';
import { changingOp } from './changing-op.js';
import { functionOf, nodeOf, nodesFor, reachableFunctions } from './graph-scopes.js';

/** Why a graph keeps its variables. */
export class NotFrozen extends Error {
  override readonly name = 'NotFrozen';
}

const variableOps = new Set(['VarHandleOp', 'VariableV2', 'Variable']);
const callOps = new Set(['PartitionedCall', 'StatefulPartitionedCall']);
/** Ops of TensorFlow 1 that change the variable that they are given. */
const changingOps = /^(?:Assign|Scatter|Apply|SparseApply|CountUpTo|IsVariableInitialized|Ref)/;
/**
 * Replaces a graph's variables by constants, so that TensorFlow's optimizer folds and fuses what is computed from them. Functions that are given
 * variables are copied, and take their values instead. Nodes that only save and restore are left out.
 *
 * @param values The variables' restored values, by their nodes. Variables without one stay variables.
 * @returns A new graph with the same signatures.
 * @throws NotFrozen where a signature does anything but read a variable.
 */
export function freezeGraph(given: MetaGraphDef, values: ReadonlyMap<string, TensorProto>): MetaGraphDef {
  return new GraphFreezer(given, values).run();
}

/** Types of the arguments of a function that are variables; null for its other arguments. */
type Bindings = readonly (DataType | null)[];

class GraphFreezer {
  readonly #graph: MetaGraphDef;
  readonly #functions: ReadonlyMap<string, FunctionDef>;
  readonly #made = new Map<string, FunctionDef>();
  /** Types of the variables that have become constants, by node. */
  readonly #constants = new Map<string, DataType>();

  constructor(
    given: MetaGraphDef,
    private readonly values: ReadonlyMap<string, TensorProto>,
  ) {
    this.#graph = clone(MetaGraphDefSchema, given);
    const functions = this.#graph.graphDef?.library?.function ?? [];
    this.#functions = new Map(functions.map((each) => [each.signature?.name ?? '', each]));
  }

  run(): MetaGraphDef {
    const graph = this.#graph;
    const { graphDef } = graph;
    if (!graphDef) throw new NotFrozen('it has no graph');
    this.#refuseState();
    this.#refuseRestoredTables(graphDef.node);
    const kept = this.#reachable(graphDef.node);
    for (const node of kept) if (variableOps.has(node.op)) this.#makeConstant(node);
    if (this.#constants.size === 0) throw new NotFrozen('it has no variables');
    for (const node of kept) this.#takeConstants(node, this.#constants, () => undefined);
    graphDef.node = kept;
    delete graph.saverDef;
    delete graph.objectGraphDef;
    graph.collectionDef = without(graph.collectionDef, ['variables', 'trainable_variables', 'saved_model_train_op']);
    if (graphDef.library) graphDef.library.function = this.#reachableFunctions(kept);
    return graph;
  }

  /** The nodes that the signatures need, and those that set up tables. */
  #reachable(all: readonly NodeDef[]): NodeDef[] {
    const { signatureDef, collectionDef } = this.#graph;
    const initOutputs = Object.values(signatureDef[initKey]?.outputs ?? {});
    const init = ['saved_model_main_op', 'legacy_init_op', 'table_initializer'].flatMap((name) => {
      const { kind } = collectionDef[name] ?? {};
      return kind?.case === 'nodeList' ? kind.value.value : [];
    });
    return nodesFor(all, [...callableTensors(this.#graph), ...namesOf(initOutputs), ...init]);
  }

  /** A constant would be wrong after a call that changes the variable, and a call would not be the same twice. */
  #refuseState(): void {
    const changing = changingOp(callableGraph(this.#graph));
    if (changing !== undefined) throw new NotFrozen(`a signature changes its state (${changing})`);
  }

  /** Without its checkpoint, a table that is restored from it would be empty. */
  #refuseRestoredTables(all: readonly NodeDef[]): void {
    const nodes = nodesFor(all, [this.#graph.saverDef?.restoreOpName ?? '']);
    const inner = this.#reachableFunctions(nodes).flatMap(({ nodeDef }) => nodeDef);
    const filling = [...nodes, ...inner].find(({ op }) => /Import|Deserialize|Insert/.test(op));
    if (filling) throw new NotFrozen(`it restores more than variables (${filling.op})`);
  }

  #makeConstant(node: NodeDef): void {
    const value = this.values.get(node.name);
    if (!value) return;
    node.op = 'Const';
    node.input = [];
    node.attr = { dtype: typeAttr(value.dtype), value: create(AttrValueSchema, { value: { case: 'tensor', value } }) };
    this.#constants.set(node.name, value.dtype);
  }

  /**
   * Makes an op take values where it took variables.
   *
   * @param variables Types of the values, by the names that the variables have where the op is.
   * @param onRead Called with an op that read a variable and now passes its value on.
   */
  #takeConstants(node: NodeDef, variables: ReadonlyMap<string, DataType>, onRead: (node: NodeDef) => void): void {
    const types = node.input.map((input) => (input.startsWith('^') ? null : (variables.get(nodeOf(input)) ?? null)));
    const dtype = types.find((type) => type !== null);
    if (dtype === undefined) return;
    if (node.op === 'ReadVariableOp') {
      node.op = 'Identity';
      node.attr = { T: typeAttr(dtype) };
      onRead(node);
    } else if (callOps.has(node.op)) this.#callWithValues(node, types);
    else if (changingOps.test(node.op) || this.#takesResource(node))
      throw new NotFrozen(`${node.op} (${node.name}) takes a variable`);
  }

  /** An op of TensorFlow 1 takes a variable's value without reading it first. */
  #takesResource({ op }: NodeDef): boolean {
    return /Resource|Variable|^(?:If|While|Case|Stateless|Map|Reduce)/.test(op) || this.#functions.has(op);
  }

  #callWithValues(call: NodeDef, types: Bindings): void {
    const name = functionOf(call);
    const { Tin: given } = call.attr;
    if (name === undefined || given?.value.case !== 'list' || call.attr.f?.value.case !== 'func') {
      throw new NotFrozen(`${call.name} is a call of an unknown form`);
    }
    given.value.value.type = given.value.value.type.map((type, i) => types[i] ?? type);
    call.attr.f.value.value.name = this.#withValues(name, types);
    // It described arguments that were handles.
    delete call.attr._read_only_resource_inputs;
  }

  /** @returns The name of a copy of a function that takes values where it took variables. */
  #withValues(name: string, types: Bindings): string {
    const original = this.#functions.get(name);
    const copyName = `${name}_with_values_${types.map((type) => type ?? '').join('_')}`;
    if (this.#made.has(copyName)) return copyName;
    if (!original?.signature) throw new NotFrozen(`the function ${name} is missing`);
    const made = clone(FunctionDefSchema, original);
    this.#made.set(copyName, made);
    const { signature } = made;
    if (!signature) throw new Error('unreachable: it is a copy of one that has a signature');
    signature.name = copyName;
    // It gives the shapes of the handles.
    delete made.attr._input_shapes;
    const variables = new Map<string, DataType>();
    // Positions of arguments that were handles, whose descriptions must go.
    const described: string[] = [];
    signature.inputArg.forEach((argument, i) => {
      const type = types[i] ?? null;
      if (type === null) return;
      argument.type = type;
      argument.handleData = [];
      described.push(String(i));
      variables.set(argument.name, type);
    });
    made.argAttr = without(made.argAttr, described);
    const read = new Set<string>();
    for (const node of made.nodeDef) this.#takeConstants(node, variables, ({ name: reader }) => read.add(reader));
    renameOutputs(made, read);
    if (Object.values(made.ret).some((value) => variables.has(value)))
      throw new NotFrozen(`${name} returns a variable`);
    return copyName;
  }

  #reachableFunctions(nodes: readonly NodeDef[]): FunctionDef[] {
    return reachableFunctions(nodes, (name) => this.#made.get(name) ?? this.#functions.get(name));
  }
}

/** An Identity names its output differently from the op that read: `x:value:0` is now `x:output:0`. */
function renameOutputs({ nodeDef, ret }: FunctionDef, read: ReadonlySet<string>): void {
  const renamed = (input: string) => {
    const [name = '', output, index] = input.split(':');
    return output === 'value' && read.has(name) ? `${name}:output:${index}` : input;
  };
  for (const node of nodeDef) node.input = node.input.map(renamed);
  for (const [name, value] of Object.entries(ret)) ret[name] = renamed(value);
}

function typeAttr(value: DataType) {
  return create(AttrValueSchema, { value: { case: 'type', value } });
}

function without<T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}
