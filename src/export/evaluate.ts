import { backend, type BindingAttribute, type TensorMetadata } from '../tensorflow/backend.js';
import { createTensorId, takeTensorValue, type TensorValue } from '../tensorflow/tensor-value.js';
import { outputTypes } from '../tracing/op-signature.js';
import { bindingAttribute } from '../tracing/run-graph.js';
import { type FlatGraph, type FlatNode, valueOf } from './flat-graph.js';

const { binding } = backend;

/** What is run op by op. */
type Runnable = Pick<FlatGraph, 'nodes' | 'constants'>;

/** How a graph is evaluated. */
export interface EvaluateOptions {
  /** Called with the sizes of every value as it is computed. Default: nothing. */
  readonly onValue?: (value: string, shape: readonly number[]) => void;
}

/**
 * Runs a flat graph op by op, as TensorFlow runs ops eagerly. A value is freed after its last use.
 *
 * @param feeds Tensors by the values of the graph's inputs.
 * @param wanted Values to return.
 * @throws whatever TensorFlow says of an op.
 */
export function evaluate(
  { nodes, constants }: Runnable,
  feeds: ReadonlyMap<string, TensorValue>,
  wanted: readonly string[],
  { onValue }: EvaluateOptions = {},
): TensorValue[] {
  const uses = countUses(nodes, wanted);
  const ids = new Map<string, TensorMetadata>();
  const get = (value: string) => {
    const known = ids.get(value);
    if (known) return known.id;
    const constant = feeds.get(value) ?? constants.get(value);
    if (!constant) throw new Error(`unreachable: the graph has the value ${value}`);
    const id = createTensorId(constant);
    ids.set(value, { id, shape: [...constant.shape], dtype: 0 });
    onValue?.(value, constant.shape);
    return id;
  };
  const release = (value: string) => {
    const left = (uses.get(value) ?? 0) - 1;
    uses.set(value, left);
    const held = ids.get(value);
    if (left > 0 || !held) return;
    binding.deleteTensor(held.id);
    ids.delete(value);
  };
  try {
    for (const node of nodes) {
      runNode(node, node.inputs.map(get)).forEach((output, i) => {
        ids.set(valueOf(node, i), output);
        onValue?.(valueOf(node, i), output.shape);
        if (!uses.has(valueOf(node, i))) release(valueOf(node, i));
      });
      node.inputs.forEach(release);
    }
    return wanted.map((value) => take(get(value), ids.get(value)));
  } finally {
    for (const { id } of ids.values()) binding.deleteTensor(id);
  }
}

/** How often each value is used; values to return are never freed on the way. */
function countUses(nodes: readonly FlatNode[], wanted: readonly string[]): Map<string, number> {
  const uses = new Map<string, number>(wanted.map((value) => [value, Infinity]));
  for (const { inputs } of nodes) for (const input of inputs) uses.set(input, (uses.get(input) ?? 0) + 1);
  return uses;
}

function runNode({ op, attr }: FlatNode, ids: readonly number[]): TensorMetadata[] {
  const attributes = Object.entries(attr).flatMap(([name, value]): BindingAttribute[] => {
    if (name.startsWith('_')) return [];
    const given = bindingAttribute(name, value);
    return given ? [given] : [];
  });
  return binding.executeOp(op, attributes, [...ids], outputTypes(op, attr).length);
}

/** Reads a copy, since the original is freed with the others. */
function take(id: number, metadata: TensorMetadata | undefined): TensorValue {
  const [copy] = binding.executeOp('Identity', [], [id], 1);
  if (!copy || !metadata) throw new Error('unreachable: Identity has an output');
  return takeTensorValue(copy);
}
