import { SignetError } from '../../errors.js';
import type {
  FunctionSpec,
  SavedObject,
  SavedObjectGraph,
} from '../../tensorflow/protos/tensorflow/core/protobuf/saved_object_graph_pb.js';
import { pythonText, type Structure, structureOf } from '../write/structure.js';
import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';

/** A function that Python can call on the loaded object. */
export interface FunctionDescription {
  /** Its path: `predict`, `encoder.encode`, `layers.0.encode`. */
  readonly name: string;
  /** As Python declares them, such as `x, training=False`; `null` if the model does not say. */
  readonly parameters: string | null;
  /** The graphs it was traced to, each for different arguments, by name. */
  readonly options: readonly FunctionOption[];
}

/** One graph of a function, and the arguments it is called with. */
export interface FunctionOption {
  /** Its name in the graph's library, such as `__inference_predict_17`. */
  readonly name: string;
  readonly args: readonly FunctionArgument[];
  readonly kwargs: readonly FunctionArgument[];
  readonly output: Structure;
}

/** An argument of a function. */
export interface FunctionArgument {
  /** As the function declares it. */
  readonly name: string;
  readonly value: Structure;
}

/**
 * The functions of the object that `tf.saved_model.load` gives, and of the objects in it, each by its shortest path.
 *
 * Left out are the signatures, which are described by themselves, the functions that fill lookup tables, and everything below a depth of 32 objects.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` for a model that names the same functions so often that its description would be endless.
 */
export function describeFunctions(graph: SavedObjectGraph): FunctionDescription[] {
  const found: FunctionDescription[] = [];
  const traced = new TracedFunctions(graph);
  const seen = new Set([0]);
  const queue: { readonly node: number; readonly path: readonly string[] }[] = [{ node: 0, path: [] }];
  for (const { node, path } of queue) {
    for (const { localName, nodeId } of graph.nodes[node]?.children ?? []) {
      const child = graph.nodes[nodeId];
      const place = [...path, localName];
      const fn = child && functionOf(child, place.join('.'), traced);
      if (fn) found.push(fn);
      if (!child || seen.has(nodeId) || !isContainer(child) || place.length >= mostDepth) continue;
      seen.add(nodeId);
      queue.push({ node: nodeId, path: place });
    }
  }
  const depth = ({ name }: FunctionDescription) => name.split('.').length;
  return found.toSorted((a, b) => depth(a) - depth(b) || compare(a.name, b.name));
}

/** Depth of objects within objects: more than anybody nests. */
const mostDepth = 32;
/** Characters of JSON that the arguments and results of all functions may take together. */
const mostText = 1e8;

/** The arguments and results of the graph's functions, each read once: a small file may name one function a million times. */
class TracedFunctions {
  readonly #known = new Map<string, { output: Structure; signature: Structure; text: number }>();
  #text = 0;

  constructor(private readonly graph: SavedObjectGraph) {}

  of(name: string): { output: Structure; signature: Structure } {
    const known = this.#known.get(name) ?? this.#read(name);
    this.#known.set(name, known);
    this.#text += known.text;
    if (this.#text <= mostText) return known;
    throw new SignetError('INVALID_SAVED_MODEL', 'The model names its functions too often to be described.');
  }

  #read(name: string) {
    const saved = Object.hasOwn(this.graph.concreteFunctions, name) ? this.graph.concreteFunctions[name] : undefined;
    const output = structureOf(saved?.outputSignature);
    const signature = structureOf(saved?.canonicalizedInputSignature);
    return { output, signature, text: JSON.stringify([output, signature]).length };
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function isContainer({ kind }: SavedObject): boolean {
  return kind.case === 'userObject' && kind.value.identifier !== 'signature_map';
}

function functionOf({ kind }: SavedObject, name: string, traced: TracedFunctions): FunctionDescription | null {
  if (kind.case !== 'function' && kind.case !== 'bareConcreteFunction') return null;
  const { functionSpec } = kind.value;
  const names = kind.case === 'function' ? kind.value.concreteFunctions : [kind.value.concreteFunctionName];
  const keywords = kind.case === 'function' ? [] : kind.value.argumentKeywords;
  const parameters = functionSpec ? parametersOf(functionSpec) : null;
  const argNames = parameters?.positional ?? keywords;
  const options = names.toSorted(compare).map((each) => optionOf(each, argNames, keywords, traced));
  return { name, parameters: parameters?.text ?? null, options };
}

function optionOf(
  name: string,
  argNames: readonly string[],
  keywords: readonly string[],
  traced: TracedFunctions,
): FunctionOption {
  const { output, signature } = traced.of(name);
  const [args, kwargs] = signature.kind === 'tuple' ? signature.items : [];
  if (args?.kind !== 'tuple' || kwargs?.kind !== 'dict') {
    // An old model may contain only the names.
    return { name, args: keywords.map((each) => ({ name: each, value: { kind: 'none' } })), kwargs: [], output };
  }
  const byKeyword = Object.entries(kwargs.fields).toSorted(([a], [b]) => compare(a, b));
  return {
    name,
    args: args.items.map((value, i) => ({ name: argNames[i] ?? `args[${i}]`, value })),
    kwargs: byKeyword.map(([key, value]) => ({ name: key, value })),
    output,
  };
}

/** A function's declaration, from Python's `FullArgSpec`. */
function parametersOf({ fullargspec, isMethod }: FunctionSpec): { positional: string[]; text: string } | null {
  const spec = structureOf(fullargspec);
  if (spec.kind !== 'namedtuple') return null;
  const { args, varargs, varkw, defaults, kwonlyargs, kwonlydefaults } = spec.fields;
  const all = strings(args);
  const positional = isMethod || all[0] === 'self' ? all.slice(1) : all;
  const values = items(defaults);
  const keywordDefaults = new Map(kwonlydefaults?.kind === 'dict' ? Object.entries(kwonlydefaults.fields) : []);
  const parameter = (name: string, value: Structure | undefined) => (value ? `${name}=${pythonText(value)}` : name);
  const star = varargs?.kind === 'string' ? [`*${varargs.value}`] : [];
  const keywordOnly = strings(kwonlyargs).map((name) => parameter(name, keywordDefaults.get(name)));
  const text = [
    ...positional.map((name, i) => parameter(name, values[i - positional.length + values.length])),
    ...(star.length === 0 && keywordOnly.length > 0 ? ['*'] : star),
    ...keywordOnly,
    ...(varkw?.kind === 'string' ? [`**${varkw.value}`] : []),
  ];
  return { positional, text: text.join(', ') };
}

function items(structure: Structure | undefined): readonly Structure[] {
  return structure?.kind === 'list' || structure?.kind === 'tuple' ? structure.items : [];
}

function strings(structure: Structure | undefined): string[] {
  return items(structure).flatMap((item) => (item.kind === 'string' ? [item.value] : []));
}

/**
 * Counts how often each op occurs in a graph and in the functions of its library, each function counted once; by name.
 *
 * Calls of functions by an op of their name (TensorFlow 1's way) are left out: they are not ops.
 */
export function countOps(graph: GraphDef): Record<string, number> {
  const functions = graph.library?.function ?? [];
  const names = new Set(functions.map(({ signature }) => signature?.name));
  const counts = new Map<string, number>();
  for (const { op } of [graph.node, ...functions.map(({ nodeDef }) => nodeDef)].flat()) {
    if (!names.has(op)) counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
