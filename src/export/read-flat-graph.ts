import { SignetError, wordsOf } from '../errors.js';
import type { GraphDef } from '../tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import type { MetaGraphDef } from '../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import type { SavedModel } from '../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import type { ElementValues, TensorValue } from '../tensorflow/tensor-value.js';
import type { TensorBundle } from '../saved-model/checkpoint/read-tensor-bundle.js';
import {
  findServedGraph,
  readSavedModel,
  signaturesOf,
  type SignatureTensor,
} from '../saved-model/read/read-saved-model.js';
import { nodeOf } from '../saved-model/freeze/graph-scopes.js';
import { restoredVariables } from '../saved-model/freeze/restored-variables.js';
import { readCheckpoint } from '../saved-model/read/read-variables.js';
import { tensorValueOf } from '../saved-model/read/tensor-proto-value.js';
import type { TensorProto } from '../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { type DType, dtypeOf } from '../tensorflow/data-type.js';
import { type FlatGraph, type FlatNode, withoutDeadNodes } from './flat-graph.js';
import { flatten, type Flattened } from './flatten.js';
import { withoutSmoothResizing } from './smooth-resizing.js';

/**
 * Reads a signature of a SavedModel, Signet's or another's, as a flat graph: calls inlined, variables as constants, smoothed resizing as products of
 * matrices, since no format has it with these numbers.
 *
 * @param directory Directory of a version, such as `models/LenetModel/1`.
 * @param signature Its key. Default: `serving_default`.
 * @throws SignetError `INVALID_SAVED_MODEL`, `NOT_EXPORTABLE`.
 */
export async function readFlatGraph(directory: string, signature = 'serving_default'): Promise<FlatGraph> {
  const savedModel = await readSavedModel(directory);
  const { metaGraph, graph } = servedGraph(directory, savedModel);
  const { inputs, outputs } = signatureTensors(directory, metaGraph, signature);
  const flattened = flatten(
    graph,
    outputs.map(({ tensor }) => tensor),
  );
  const checkpoint = await readCheckpoint(directory, savedModel);
  const variables = { keys: restoredVariables(metaGraph), bundle: checkpoint?.bundle ?? null };
  const read = await readConstants(flattened, variables);
  // An input may be what a node computes for other signatures.
  const given = new Set(inputs.map(({ tensor }) => nodeOf(tensor)));
  return withoutDeadNodes({
    signature,
    inputs: inputs.map(({ name, tensor, spec }) => ({ name, value: tensor, spec })),
    outputs: outputs.map(({ name, spec }, i) => ({ name, value: read.rename(flattened.values[i] ?? ''), spec })),
    nodes: read.nodes.filter(({ op, name }) => op !== 'Placeholder' && !given.has(name)),
    constants: read.constants,
  });
}

function servedGraph(directory: string, savedModel: SavedModel): { metaGraph: MetaGraphDef; graph: GraphDef } {
  const found = findServedGraph(savedModel, directory);
  const metaGraph = withoutSmoothResizing(found) ?? found;
  if (metaGraph.graphDef) return { metaGraph, graph: metaGraph.graphDef };
  throw new SignetError('INVALID_SAVED_MODEL', `${directory} has a meta graph without a graph. Save the model again.`);
}

type NamedTensor = SignatureTensor & { readonly name: string };

function signatureTensors(directory: string, metaGraph: MetaGraphDef, key: string) {
  const signatures = signaturesOf(metaGraph);
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  if (!signature) {
    const known = Object.keys(signatures).join(', ') || 'none';
    throw new SignetError('INVALID_SAVED_MODEL', `${directory} has no signature "${key}". It has: ${known}.`);
  }
  const { inputs, outputs } = signature;
  const sorted = (tensors: Readonly<Record<string, SignatureTensor>>): NamedTensor[] =>
    Object.entries(tensors)
      .map(([name, tensor]) => ({ name, ...tensor }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { inputs: sorted(inputs), outputs: sorted(outputs) };
}

/** Where the variables' values lie: a checkpoint, and its keys by the variables' nodes. */
interface Variables {
  readonly keys: ReadonlyMap<string, string>;
  readonly bundle: TensorBundle | null;
}

async function readConstants({ nodes, constants }: Flattened, { keys, bundle }: Variables) {
  const values = new Map([...constants].map(([name, proto]) => [name, constantValue(proto, name)]));
  const renamed = new Map<string, string>();
  const rename = (value: string) => renamed.get(value) ?? value;
  const kept: FlatNode[] = [];
  for (const node of nodes) {
    const variable = variableOf(node);
    if (node.op === 'VarHandleOp') continue;
    if (variable === null) {
      kept.push({ ...node, inputs: node.inputs.map(rename) });
      continue;
    }
    if (!values.has(variable)) values.set(variable, await readVariable(node, keys.get(nodeOf(variable)), bundle));
    renamed.set(`${node.name}:0`, variable);
  }
  return { nodes: kept, constants: values, rename };
}

/** Types that all formats have. */
const exported = new Set<DType>(['float32', 'int32', 'int64', 'uint8', 'bool', 'string']);

/** The variable that a node gives the value of, or null. */
function variableOf({ op, name, inputs }: FlatNode): string | null {
  if (op === 'ReadVariableOp') return inputs[0] ?? '';
  return op === 'VariableV2' || op === 'Variable' ? `${name}:0` : null;
}

async function readVariable(
  { name }: FlatNode,
  key: string | undefined,
  bundle: TensorBundle | null,
): Promise<TensorValue> {
  const entry = key === undefined ? undefined : bundle?.entries.get(key);
  const dtype = entry && dtypeOf(entry.dataType);
  if (!entry || !bundle || !dtype || !exported.has(dtype)) {
    const why = entry ? 'is of a type that cannot be exported' : 'is not in the checkpoint';
    throw new SignetError('NOT_EXPORTABLE', `The variable that the node "${name}" reads ${why}.`);
  }
  return { dtype, shape: entry.shape, values: (await bundle.read(entry.key)) as ElementValues };
}

function constantValue(proto: TensorProto, name: string): TensorValue {
  const cannot = (why: string, cause?: unknown) =>
    new SignetError('NOT_EXPORTABLE', `The constant "${name}" cannot be exported: ${why}`, { cause });
  let value: TensorValue;
  try {
    value = tensorValueOf(proto);
  } catch (error) {
    throw cannot(wordsOf(error), error);
  }
  if (exported.has(value.dtype)) return value;
  throw cannot(`it is of type ${value.dtype}, and the formats take ${[...exported].join(', ')}.`);
}
