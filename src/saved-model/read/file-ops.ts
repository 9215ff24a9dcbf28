import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import type { GraphDef } from '../../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { NodeDef } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { assetFilesOf } from './asset-files.js';
import { readSavedModel } from './read-saved-model.js';

/** Operations that read or write files, use the network, load libraries or run Python, whatever calls them. Source: the registry of TensorFlow 2.21. */
const fileOps = new RegExp(
  `^(?:Experimental)?(?:${[
    'WriteFile|RecordInput|ImmutableConst|Skipgram|LoadAndRemapMatrix|GenerateVocabRemapping|FileSystemSetConfiguration',
    String.raw`(?:WholeFile|TextLine|FixedLengthRecord|TFRecord|LMDB)Reader(?:V\d)?`,
    String.raw`(?:TFRecord|TextLine|FixedLengthRecord|LMDB|CSV|Sql|SSTable|Save|Load|Snapshot|SnapshotChunk|ListSnapshotChunks|MatchingFiles|Cache)Dataset(?:V\d)?`,
    'MatchingFiles|DatasetTo(?:TFRecord|Graph)|SnapshotDatasetReader|DistributedSave|RegisterDataset(?:V2)?|DataService.*',
    '(?:Eager)?PyFunc(?:Stateless)?|CreateSummary(?:File|Db)Writer|CalibrationStatisticsSaver|DumpTensor|.*TRTResource.*',
    String.raw`Debug(?:Identity|NanCount|NumericSummary)(?:V\d)?|Copy(?:Host)?|.*Rpc(?:Call|Client|Server)|.*GcsFileSystem.*`,
  ].join('|')})$`,
);
/** Attributes that may name a file, each with the beginnings of values that do not. */
const fileAttributes: Readonly<Record<string, RegExp>> = {
  // `tf.print` may append to any file.
  output_stream: /^(?!file:)/,
  vocab_file: /^$/,
  descriptor_source: /^(?:$|local:|bytes:)/,
};
/** Operations that may read the model's own assets, with the position of the file's name among their inputs. */
const assetOps: ReadonlyMap<string, number> = new Map([
  ['ReadFile', 0],
  ['InitializeTableFromTextFile', 1],
  ['InitializeTableFromTextFileV2', 1],
]);
/** Checkpoint ops, which every SavedModel has to restore itself; signatures and initializers must not use them. */
const checkpointOps = /^(?:Save(?:V2|Slices)?|(?:DTensor)?Restore(?:V2|Slice)?|MergeV2Checkpoints)$/;
/** Checkpoint ops that write or delete files; restoring must not use them. */
const savingOps = /^(?:Save(?:V2|Slices)?|MergeV2Checkpoints)$/;
/** Collections of TensorFlow 1 that name what initializes a model. Source: tensorflow/cc/saved_model/constants.h. */
const initializerKeys = ['saved_model_main_op', 'legacy_init_op'];

/**
 * Operations of a SavedModel that touch files, except the ones that restore its own variables.
 *
 * A SavedModel is a program: this finds what is plainly written in it. It is a check, not a sandbox.
 *
 * @returns Names of operations, each once, in alphabetical order.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function fileOpsOf(directory: string): Promise<string[]> {
  const { metaGraphs } = await readSavedModel(directory);
  return [...new Set(metaGraphs.flatMap(fileOpsOfGraph))].toSorted();
}

/** Like `fileOpsOf`, for one graph. */
export function fileOpsOfGraph(metaGraph: MetaGraphDef): string[] {
  return [...new Set(touchingOps(metaGraph))].toSorted();
}

/** @throws SignetError `INVALID_SAVED_MODEL` for a model that touches files. */
export async function refuseFileOps(directory: string): Promise<void> {
  const ops = await fileOpsOf(directory);
  if (ops.length > 0) refuse(`${directory} reads or writes files: its graph has ${ops.join(', ')}.`);
  const link = await linkOutside(directory);
  if (link !== null) refuse(`${directory} reads other files: its ${link} is a link to a file outside it.`);
}

function refuse(what: string): never {
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${what} A SavedModel is a program; serve it with --trust-models only if you trust whoever made it.`,
  );
}

/** A model's file that is somewhere else: neither below its directory nor where its `saved_model.pb` is, as in the cache of Hugging Face. */
async function linkOutside(directory: string): Promise<string | null> {
  const roots = [await realpath(directory), path.dirname(await realpath(path.join(directory, 'saved_model.pb')))];
  for (const folder of ['assets', 'variables']) {
    const names = await readdir(path.join(directory, folder)).catch(() => []);
    for (const name of names) {
      const file = await realpath(path.join(directory, folder, name)).catch(() => null);
      if (file !== null && !roots.some((root) => file.startsWith(`${root}${path.sep}`))) return `${folder}/${name}`;
    }
  }
  return null;
}

function touchingOps(metaGraph: MetaGraphDef): string[] {
  const { graphDef, signatureDef, collectionDef, saverDef } = metaGraph;
  if (!graphDef) return [];
  const scopes = scopesOf(graphDef);
  const assets = new Set(
    assetFilesOf(metaGraph).flatMap(({ filename, tensorInfo }) => {
      const isPlain = filename !== '' && !/[/\\]|^\.\.?$/.test(filename);
      return isPlain && tensorInfo?.encoding.case === 'name' ? [nodeOf(tensorInfo.encoding.value)] : [];
    }),
  );
  const strings = new AssetStrings(scopes, assets);
  const touching = scopes.flatMap((scope) =>
    scope.all.filter((node) => {
      const position = assetOps.get(node.op);
      if (position === undefined) return fileOps.test(node.op) || namesFile(node.attr);
      return !strings.isAsset(node.input[position] ?? '', scope);
    }),
  );
  // The signatures, and what initializes a model when it is loaded.
  const outputs = Object.values(signatureDef)
    .flatMap(({ outputs }) => Object.values(outputs))
    .flatMap(({ encoding }) => (encoding.case === 'name' ? [encoding.value] : []));
  const initializers = Object.entries(collectionDef).flatMap(([key, { kind }]) =>
    initializerKeys.includes(key) && kind.case === 'nodeList' ? kind.value.value : [],
  );
  const called = reachableFrom([...outputs, ...initializers], graphDef).filter(({ op }) => checkpointOps.test(op));
  const restored = reachableFrom([saverDef?.restoreOpName ?? ''], graphDef).filter(({ op }) => savingOps.test(op));
  return [...touching, ...called, ...restored].map(({ op }) => op);
}

/** The nodes of a graph, or of a function. */
interface Scope {
  /** The function's name; null for the graph. */
  readonly name: string | null;
  readonly arguments: readonly string[];
  readonly nodes: ReadonlyMap<string, NodeDef>;
  /** The nodes, including nodes that share a name. */
  readonly all: readonly NodeDef[];
}

function scopesOf({ node, library }: GraphDef): Scope[] {
  const byName = (nodes: readonly NodeDef[]) => new Map(nodes.map((each) => [each.name, each]));
  const functions = (library?.function ?? []).map(({ signature, nodeDef }) => ({
    name: signature?.name ?? '',
    arguments: (signature?.inputArg ?? []).map(({ name }) => name),
    nodes: byName(nodeDef),
    all: nodeDef,
  }));
  return [{ name: null, arguments: [], nodes: byName(node), all: node }, ...functions];
}

/** Maximum number of steps over which a string is followed. */
const mostSteps = 100;

/** Which strings of a graph can be nothing but the names of its own assets. Findings are kept, since functions may call each other in many ways. */
class AssetStrings {
  readonly #known = new Map<string, boolean>();
  readonly #calls = new Map<string, (readonly [from: Scope, call: NodeDef])[]>();

  /** @param assets Nodes that represent the model's own files. */
  constructor(
    scopes: readonly Scope[],
    private readonly assets: ReadonlySet<string>,
  ) {
    for (const from of scopes) {
      for (const call of from.nodes.values()) {
        for (const name of new Set([call.op, ...functionsOf(call)])) {
          const calls = this.#calls.get(name) ?? [];
          calls.push([from, call]);
          this.#calls.set(name, calls);
        }
      }
    }
  }

  /** Whether a string is one of them: followed through the arguments of functions. */
  isAsset(input: string, scope: Scope, depth = 0): boolean {
    const name = nodeOf(input);
    const key = JSON.stringify([scope.name, name]);
    const known = this.#known.get(key);
    if (known !== undefined || depth > mostSteps) return known ?? false;
    // A string that depends on itself is not an asset's name.
    this.#known.set(key, false);
    const found = this.#find(name, scope, depth + 1);
    this.#known.set(key, found);
    return found;
  }

  #find(name: string, scope: Scope, depth: number): boolean {
    const node = scope.nodes.get(name);
    if (node?.op === 'Identity') return this.isAsset(node.input[0] ?? '', scope, depth);
    if (node && scope.name === null && this.assets.has(name)) return true;
    if (node?.op === 'ReadVariableOp') return this.#holdsAsset(nodeOf(node.input[0] ?? ''), scope, depth);
    if (node) return false;
    const position = scope.arguments.indexOf(name);
    const calls = scope.name === null ? [] : (this.#calls.get(scope.name) ?? []);
    return position >= 0 && calls.every(([from, call]) => {
      const isPlainCall = call.op === 'PartitionedCall' || call.op === 'StatefulPartitionedCall' || call.op === scope.name;
      return isPlainCall && this.isAsset(call.input[position] ?? '', from, depth);
    }); // prettier-ignore
  }

  /** Whether a variable of the graph is only ever given an asset, as TensorFlow keeps the paths of assets. */
  #holdsAsset(variable: string, scope: Scope, depth: number): boolean {
    if (scope.name !== null || scope.nodes.get(variable)?.op !== 'VarHandleOp') return false;
    const users = [...scope.nodes.values()].filter(({ input }) => input.some((each) => nodeOf(each) === variable));
    return users.every(({ op, input }) => {
      if (op === 'AssignVariableOp') return this.isAsset(input[1] ?? '', scope, depth);
      return op === 'ReadVariableOp' || op === 'VarIsInitializedOp';
    });
  }
}

function namesFile(attr: NodeDef['attr']): boolean {
  return Object.entries(fileAttributes).some(([name, isNone]) => {
    const value = Object.hasOwn(attr, name) ? attr[name]?.value : undefined;
    return value?.case === 's' && !isNone.test(Buffer.from(value.value).toString('latin1'));
  });
}

/** Nodes that tensors need, including the nodes of the functions that they call. */
function reachableFrom(tensors: readonly string[], { node, library }: GraphDef): NodeDef[] {
  const nodes = new Map(node.map((each) => [each.name, each]));
  const functions = new Map((library?.function ?? []).map((each) => [each.signature?.name ?? '', each.nodeDef]));
  const seen = new Set<NodeDef>();
  const called = new Set<string>();
  const open: NodeDef[] = [];
  const add = (next: NodeDef | undefined) => {
    if (!next || seen.has(next)) return;
    seen.add(next);
    open.push(next);
  };
  for (const tensor of tensors) add(nodes.get(nodeOf(tensor)));
  for (let next = open.pop(); next; next = open.pop()) {
    for (const input of next.input) add(nodes.get(nodeOf(input)));
    for (const name of [next.op, ...functionsOf(next)]) {
      if (called.has(name)) continue;
      called.add(name);
      for (const inner of functions.get(name) ?? []) add(inner);
    }
  }
  return [...seen];
}

/** `^x` is a control input, `x:1` the second output of `x`. */
function nodeOf(input: string): string {
  return input.replace(/^\^/, '').split(':', 1)[0] ?? '';
}

function functionsOf({ attr }: NodeDef): string[] {
  return Object.values(attr).flatMap(({ value }) => {
    if (value.case === 'func') return [value.value.name];
    return value.case === 'list' ? value.value.func.map(({ name }) => name) : [];
  });
}
