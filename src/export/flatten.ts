import { SignetError } from '../errors.js';
import type { FunctionDef } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { GraphDef } from '../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { TensorProto } from '../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { functionOf, nodeOf } from '../saved-model/freeze/graph-scopes.js';
import { outputName, outputTypes } from '../tracing/op-signature.js';
import type { FlatNode } from './flat-graph.js';

/** What a graph is flattened to: nodes in an order in which they can run, constants by value, and what was asked for. */
export interface Flattened {
  readonly nodes: readonly FlatNode[];
  readonly constants: ReadonlyMap<string, TensorProto>;
  /** The values asked for, in their order. */
  readonly values: readonly string[];
}

/** A part of a graph with its own names: the main graph, or one call of a function. */
interface Scope {
  readonly prefix: string;
  readonly origin: string;
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** Values by the names that inputs have here: `node:0`, `argument`, `node:output:0`. */
  readonly values: Map<string, string>;
  readonly isFunction: boolean;
}

const calls = new Set(['PartitionedCall', 'StatefulPartitionedCall']);
/** Ops that give what they take. */
const passing = new Set(['Identity', 'IdentityN', 'StopGradient', 'PreventGradient', 'Snapshot', 'EnsureShape']);
/** Calls in calls in calls: more than these are a circle. */
const mostDepth = 200;

/**
 * Inlines all calls of a graph, beginning with what is asked for.
 *
 * What must run first, though nothing takes its result, such as assertions, is left out.
 *
 * @param wanted Tensors: `node:0`.
 * @throws SignetError `NOT_EXPORTABLE` for loops of TensorFlow 1, `INVALID_SAVED_MODEL` for a graph that names what it lacks.
 */
export function flatten(graph: GraphDef, wanted: readonly string[]): Flattened {
  return new Flattener(graph).run(wanted);
}

class Flattener {
  readonly #functions: ReadonlyMap<string, FunctionDef>;
  readonly #nodes: FlatNode[] = [];
  readonly #constants = new Map<string, TensorProto>();

  constructor(private readonly graph: GraphDef) {
    this.#functions = new Map(graph.library?.function.map((each) => [each.signature?.name ?? '', each]));
  }

  run(wanted: readonly string[]): Flattened {
    const nodes = new Map(this.graph.node.map((node) => [node.name, node]));
    const scope = { prefix: '', origin: '', nodes, values: new Map<string, string>(), isFunction: false };
    this.#flatten(scope, wanted, 0);
    const values = wanted.map((each) => scope.values.get(inMainGraph(each)) ?? '');
    return { nodes: this.#nodes, constants: this.#constants, values };
  }

  #flatten(scope: Scope, wanted: readonly string[], depth: number): void {
    if (depth > mostDepth) throw damaged('functions that call each other in a circle');
    for (const node of this.#inOrder(scope, wanted)) this.#add(scope, node, depth);
  }

  /** The nodes that are needed, each after what it takes. Not recursive: networks are deep. */
  #inOrder(scope: Scope, wanted: readonly string[]): NodeDef[] {
    const order: NodeDef[] = [];
    const state = new Map<string, 'open' | 'done'>();
    const stack = wanted.map(nodeOf).reverse();
    while (stack.length > 0) {
      const name = stack.pop() ?? '';
      const node = scope.nodes.get(name);
      const known = state.get(name);
      if (!node) {
        if (scope.values.has(name)) continue;
        throw damaged(`a node that takes "${name}", which the graph does not have`);
      }
      if (known === 'done') continue;
      if (known === 'open') {
        state.set(name, 'done');
        order.push(node);
        continue;
      }
      state.set(name, 'open');
      stack.push(name);
      for (const input of dataInputs(node)) {
        const source = nodeOf(input);
        if (state.get(source) === 'open') throw loopOf(node);
        if (state.get(source) !== 'done') stack.push(source);
      }
    }
    return order;
  }

  #add(scope: Scope, node: NodeDef, depth: number): void {
    const inputs = dataInputs(node).map((each) => valueIn(scope, each));
    if (calls.has(node.op)) this.#call(scope, node, inputs, depth);
    else if (passing.has(node.op) && inputs.length > 0) setOutputs(scope, node, inputs);
    else this.#op(scope, node, inputs);
  }

  #op(scope: Scope, { name, op, attr, ...node }: NodeDef, inputs: readonly string[]): void {
    const full = `${scope.prefix}${name}`;
    const value = attr.value?.value;
    if (op === 'Const' && value?.case === 'tensor') this.#constants.set(`${full}:0`, value.value);
    else this.#nodes.push({ name: full, op, inputs, attr, origin: scope.origin });
    const outputs = outputTypes(op, attr).map((_, i) => `${full}:${i}`);
    setOutputs(scope, { ...node, name, op, attr }, outputs);
  }

  #call(scope: Scope, node: NodeDef, args: readonly string[], depth: number): void {
    const name = functionOf(node) ?? '';
    const definition = this.#functions.get(name);
    if (!definition) throw damaged(`a call of "${name}", which it does not have`);
    const { signature, nodeDef, ret } = definition;
    const inner = {
      prefix: `${scope.prefix}${node.name}/`,
      origin: signature?.name ?? '',
      nodes: new Map(nodeDef.map((each) => [each.name, each])),
      values: new Map(signature?.inputArg.map(({ name }, i) => [name, args[i] ?? ''])),
      isFunction: true,
    };
    const results = signature?.outputArg.map(({ name }) => ret[name] ?? '') ?? [];
    this.#flatten(inner, results, depth + 1);
    setOutputs(
      scope,
      node,
      results.map((each) => valueIn(inner, each)),
    );
  }
}

function dataInputs({ input }: NodeDef): string[] {
  return input.filter((each) => !each.startsWith('^'));
}

/** Gives the outputs of a node the names that inputs have in its scope. */
function setOutputs(scope: Scope, node: Pick<NodeDef, 'name' | 'op' | 'attr'>, outputs: readonly string[]): void {
  outputs.forEach((value, i) => scope.values.set(localName(scope, node, i), value));
}

function localName({ isFunction }: Scope, { name, op, attr }: Pick<NodeDef, 'name' | 'op' | 'attr'>, output: number) {
  return isFunction ? `${name}:${outputName(op, attr, output)}` : `${name}:${output}`;
}

function valueIn({ values, isFunction }: Scope, input: string): string {
  const value = values.get(isFunction ? input : inMainGraph(input));
  if (value !== undefined) return value;
  throw damaged(`a node that takes "${input}", which the graph does not have`);
}

/** In the main graph, `node` means `node:0`. */
function inMainGraph(input: string): string {
  return input.includes(':') ? input : `${input}:0`;
}

function loopOf({ name, op }: NodeDef): SignetError {
  return new SignetError(
    'NOT_EXPORTABLE',
    `The graph has a loop of TensorFlow 1 at the node "${name}" (${op}), which no other format takes. Export a model without loops.`,
  );
}

function damaged(what: string): SignetError {
  return new SignetError('INVALID_SAVED_MODEL', `saved_model.pb has ${what}. Copy or save the model again.`);
}
