import { backend, type BindingAttribute, type TensorMetadata } from '../tensorflow/backend.js';
import { hasMadeUpDraws, madeUpDraw } from '../tensorflow/mended/made-up-draws.js';
import { castId } from '../tensorflow/tensor-value.js';
import { dataTypeOf, type DType } from '../tensorflow/data-type.js';
import type { AttrValue } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import type { NodeDef } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { TensorProto } from '../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import { Asset } from './asset.js';
import type { ConcreteFunction } from './concrete-function.js';
import { InnerCalls } from './inner-calls.js';
import { opEntry, outputName, outputTypes } from './op-signature.js';
import { RunBudget, TakesTooLong } from './run-budget.js';

/** What a graph gave: its results in their order, and the values of the variables that it assigned. */
export interface GraphResult {
  readonly outputs: readonly tf.Tensor[];
  readonly assigned: ReadonlyMap<tf.Variable, tf.Tensor>;
}

/**
 * Whether `runGraph` can run a function: one that reads no files and updates variables by assigning them only.
 */
export function canRunGraph(fn: ConcreteFunction): boolean {
  return (
    fn.library.every(({ captures }) => !captures.some((capture) => capture instanceof Asset)) &&
    fn.library.every(({ definition }) => definition.nodeDef.every(canRunNode))
  );
}

function canRunNode({ op, attr }: NodeDef): boolean {
  if (op in ownOps) return true;
  const isList = (type: number | string) => typeof type === 'string' && type.startsWith('*');
  const [inputs, outputs, isStateful] = opEntry(op);
  if (isStateful && !draws(op)) return false;
  if ([...inputs, ...outputs].some(([, type]) => isList(type))) return false;
  return Object.values(attr).every((value) => bindingAttribute('', value) !== null);
}

/** Whether a function draws numbers that `runGraph` does not make up, so that every call gives others. */
export function drawsNumbers(fn: ConcreteFunction): boolean {
  return fn.library.some(({ definition }) => definition.nodeDef.some(({ op }) => draws(op) && !hasMadeUpDraws(op)));
}

function draws(op: string): boolean {
  return op.startsWith('Random') || op === 'Multinomial';
}

/**
 * Runs a graph op by op, as TensorFlow runs ops eagerly: no session need be made for it. Its variables start with the values of TF.js's variables,
 * which do not change. Random numbers are made up, as by `withMadeUpDraws`.
 *
 * @param budget What it may cost. Default: 10^9 multiplications, less than a second.
 * @param calls Receives the results of the functions that the graph calls. Default: they are not kept.
 * @returns The caller owns the tensors.
 * @throws TakesTooLong where it would cost more.
 */
export function runGraph(
  fn: ConcreteFunction,
  args: readonly tf.Tensor[],
  budget = new RunBudget(1e9),
  calls = new InnerCalls(),
): GraphResult {
  return new GraphRun(fn, budget, calls).run(args);
}

/** A tensor of the binding, owned by the run, or a variable. */
type Value = TensorMetadata | { readonly variable: tf.Variable };

/** Ops that need more than a call of TensorFlow's. */
const ownOps = {
  Const: true,
  ReadVariableOp: true,
  AssignVariableOp: true,
  Assert: true,
  EnsureShape: true,
  NoOp: true,
  PartitionedCall: true,
  StatefulPartitionedCall: true,
  StatelessIf: true,
  If: true,
  StatelessWhile: true,
  While: true,
  MapDefun: true,
} as const;

const { binding } = backend;

class GraphRun {
  readonly #owned: number[] = [];
  readonly #functions: ReadonlyMap<string, ConcreteFunction>;
  readonly #assigned = new Map<tf.Variable, TensorMetadata>();

  constructor(
    private readonly fn: ConcreteFunction,
    private readonly budget: RunBudget,
    private readonly calls: InnerCalls,
  ) {
    this.#functions = new Map(fn.library.map((each) => [each.name, each]));
  }

  run(args: readonly tf.Tensor[]): GraphResult {
    const { inputs, captures } = this.fn;
    try {
      const values = args.map((arg, i) => this.#argument(arg, inputs[i]?.spec.dtype ?? 'float32'));
      const variables = captures.flatMap((capture) => (capture instanceof Asset ? [] : [{ variable: capture }]));
      const outputs = this.#call(this.fn, [...values, ...variables]).map((value) => this.#tensor(value));
      return {
        outputs,
        assigned: new Map([...this.#assigned].map(([variable, value]) => [variable, this.#tensor(value)])),
      };
    } finally {
      new Set(this.#owned).forEach((id) => binding.deleteTensor(id));
    }
  }

  #argument(tensor: tf.Tensor, dtype: DType): TensorMetadata {
    const [id = 0] = backend.getInputTensorIds([tensor]);
    const [given, type] = [dataTypeOf(tensor.dtype), dataTypeOf(dtype)];
    return given === type ? { id, shape: tensor.shape, dtype: type } : this.#own(castId(id, given, type));
  }

  #own(value: TensorMetadata): TensorMetadata {
    this.#owned.push(value.id);
    return value;
  }

  /** A copy that outlives the run. */
  #tensor(value: Value): tf.Tensor {
    const { id, dtype } = this.#read(value);
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: dtype };
    const [copy] = binding.executeOp('Identity', [type], [id], 1);
    if (!copy) throw new Error('unreachable: Identity has an output');
    return backend.createOutputTensor(copy);
  }

  #read(value: Value | undefined): TensorMetadata {
    if (!value) throw new Error('A node takes what no node gives.');
    if (!('variable' in value)) return value;
    const assigned = this.#assigned.get(value.variable);
    return assigned ?? this.#argument(value.variable, value.variable.dtype);
  }

  #callInner(fn: ConcreteFunction, args: readonly Value[]): Value[] {
    const results = this.#call(fn, args);
    const given = args.slice(0, fn.inputs.length).map((arg) => this.#read(arg));
    if (
      InnerCalls.isOfUse(
        fn,
        given.map(({ shape }) => shape),
      )
    ) {
      const tensors = (values: readonly Value[]) => values.map((value) => this.#tensor(value));
      this.calls.add({ fn, args: tensors(given), results: tensors(results) });
    }
    return results;
  }

  #call(fn: ConcreteFunction, args: readonly Value[]): Value[] {
    const values = new Map<string, Value>();
    const { signature, nodeDef, ret } = fn.definition;
    signature?.inputArg.forEach(({ name }, i) => {
      const arg = args[i];
      if (arg) values.set(name, arg);
    });
    for (const node of nodeDef) {
      const { inputs, outputs } = preparedNode(node);
      const taken = inputs.flatMap((input) => values.get(input) ?? []);
      this.#node(node, taken).forEach((value, i) => values.set(outputs[i] ?? '', value));
    }
    return (signature?.outputArg ?? []).flatMap(({ name }) => values.get(ret[name] ?? '') ?? []);
  }

  #node(node: NodeDef, inputs: readonly Value[]): Value[] {
    const [first] = inputs;
    switch (node.op) {
      case 'Const':
        return [this.#own(constant(node))];
      case 'NoOp':
        return [];
      case 'EnsureShape':
      case 'ReadVariableOp':
        return [this.#read(first)];
      case 'AssignVariableOp':
        if (first && 'variable' in first) this.#assigned.set(first.variable, this.#read(inputs[1]));
        return [];
      case 'Assert':
        if (!this.#isTrue(first)) throw new Error('An assertion failed.');
        return [];
      case 'PartitionedCall':
      case 'StatefulPartitionedCall':
        return this.#callInner(this.#function(node, 'f'), inputs);
      case 'StatelessIf':
      case 'If':
        return this.#call(this.#function(node, this.#isTrue(first) ? 'then_branch' : 'else_branch'), inputs.slice(1));
      case 'StatelessWhile':
      case 'While':
        return this.#loop(node, inputs);
      case 'MapDefun':
        return this.#map(node, inputs);
      default:
        return this.#op(node, inputs);
    }
  }

  #op(node: NodeDef, inputs: readonly Value[]): Value[] {
    const { op, attr } = node;
    const { attributes, outputs } = preparedNode(node);
    const values = inputs.map((input) => this.#read(input));
    if (hasMadeUpDraws(op)) return [this.#draw(attr.seed, values)];
    const ids = values.map(({ id }) => id);
    return this.#run(op, values, attributes, () => binding.executeOp(op, attributes, ids, outputs.length));
  }

  #draw(seed: AttrValue | undefined, [sizes]: readonly TensorMetadata[]): TensorMetadata {
    const shape = Array.from(binding.tensorDataSync(sizes?.id ?? 0) as Int32Array);
    const values = madeUpDraw(seed?.value.case === 'i' ? Number(seed.value.value) : 0, shape);
    return this.#own({ id: binding.createTensor(shape, DataType.DT_FLOAT, values), shape, dtype: DataType.DT_FLOAT });
  }

  #loop(node: NodeDef, inputs: readonly Value[]): Value[] {
    let current = [...inputs];
    for (let turn = 0; this.#isTrue(this.#call(this.#function(node, 'cond'), current)[0]); turn++) {
      if (turn === mostTurns) throw new TakesTooLong();
      current = this.#call(this.#function(node, 'body'), current);
    }
    return current;
  }

  #map(node: NodeDef, inputs: readonly Value[]): Value[] {
    const listed = node.attr.Targuments?.value;
    const count = listed?.case === 'list' ? listed.value.type.length : 0;
    const elements = inputs.slice(0, count).map((input) => this.#read(input));
    const rows = elements[0]?.shape[0] ?? 0;
    if (rows === 0 || rows > mostTurns) throw new TakesTooLong();
    const body = this.#function(node, 'f');
    const results = Array.from({ length: rows }, (_, row) =>
      this.#call(body, [...elements.map((all) => this.#row(all, row)), ...inputs.slice(count)]),
    );
    return (results[0] ?? []).map((_, i) => this.#stack(results.map((row) => this.#read(row[i]))));
  }

  #row(all: TensorMetadata, row: number): TensorMetadata {
    const index = this.#own({ id: binding.createTensor([], int32, Int32Array.of(row)), shape: [], dtype: int32 });
    const axis = this.#own({ id: binding.createTensor([], int32, Int32Array.of(0)), shape: [], dtype: int32 });
    const types = { Tparams: all.dtype, Tindices: int32, Taxis: int32 };
    return this.#execute('GatherV2', types, [all, index, axis]);
  }

  #stack(rows: readonly TensorMetadata[]): TensorMetadata {
    const lengths = [
      { name: 'N', type: binding.TF_ATTR_INT, value: rows.length },
      { name: 'axis', type: binding.TF_ATTR_INT, value: 0 },
    ];
    return this.#execute('Pack', { T: rows[0]?.dtype ?? 0 }, rows, lengths);
  }

  #execute(
    op: string,
    types: Readonly<Record<string, DataType>>,
    inputs: readonly TensorMetadata[],
    others: readonly BindingAttribute[] = [],
  ): TensorMetadata {
    const given = Object.entries(types).map(([name, value]) => ({ name, type: binding.TF_ATTR_TYPE, value }));
    const ids = inputs.map(({ id }) => id);
    const attributes = [...given, ...others];
    const [output] = this.#run(op, inputs, attributes, () => binding.executeOp(op, attributes, ids, 1));
    if (!output) throw new Error(`unreachable: ${op} has an output`);
    return output;
  }

  #run(
    op: string,
    inputs: readonly TensorMetadata[],
    attributes: readonly BindingAttribute[],
    execute: () => TensorMetadata[],
  ): TensorMetadata[] {
    const read = (input: number) => Array.from(binding.tensorDataSync(inputs[input]?.id ?? 0) as Int32Array);
    this.budget.before(op, inputs, attributes, read);
    const outputs = execute().map((value) => this.#own(value));
    this.budget.after(op, inputs, outputs);
    return outputs;
  }

  #isTrue(value: Value | undefined): boolean {
    return (binding.tensorDataSync(this.#read(value).id) as Uint8Array)[0] === 1;
  }

  #function(node: NodeDef, attribute: string): ConcreteFunction {
    const value = node.attr[attribute]?.value;
    const fn = value?.case === 'func' ? this.#functions.get(value.value.name) : undefined;
    if (!fn) throw new Error(`unreachable: the library has the ${attribute} of ${node.name}`);
    return fn;
  }
}

/** Maximum number of turns of a loop, or elements of a map, that are run. */
const mostTurns = 2000;

const int32 = DataType.DT_INT32;

function constant({ attr }: NodeDef): TensorMetadata {
  const value = attr.value?.value;
  if (value?.case !== 'tensor') throw new Error('unreachable: a constant has a value');
  const { dtype, tensorShape } = value.value;
  const shape = tensorShape?.dim.map(({ size }) => Number(size)) ?? [];
  return { id: binding.createTensor(shape, dtype, elementsOf(value.value)), shape, dtype };
}

function elementsOf({ dtype, tensorContent, stringVal }: TensorProto) {
  if (dtype === DataType.DT_STRING) return stringVal;
  const { buffer } = Uint8Array.from(tensorContent);
  if (dtype === DataType.DT_FLOAT) return new Float32Array(buffer);
  // The binding takes int64 as pairs of int32.
  return dtype === int32 || dtype === DataType.DT_INT64 ? new Int32Array(buffer) : new Uint8Array(buffer);
}

/** A node as a run needs it. */
interface PreparedNode {
  readonly inputs: readonly string[];
  /** Their names in the function. */
  readonly outputs: readonly string[];
  readonly attributes: BindingAttribute[];
}

/** What is known of a node before any run: a graph is run at many shapes. */
function preparedNode(node: NodeDef): PreparedNode {
  const known = preparedNodes.get(node);
  if (known) return known;
  const { name, op, input, attr } = node;
  const prepared = {
    inputs: input.filter((each) => !each.startsWith('^')),
    outputs: outputTypes(op, attr).map((_, i) => `${name}:${outputName(op, attr, i)}`),
    attributes: Object.entries(attr).flatMap(([key, value]) => bindingAttribute(key, value) ?? []),
  };
  preparedNodes.set(node, prepared);
  return prepared;
}

const preparedNodes = new WeakMap<NodeDef, PreparedNode>();

/** An attribute as the binding takes it; null for attributes that it cannot set. */
export function bindingAttribute(name: string, { value }: AttrValue): BindingAttribute | null {
  switch (value.case) {
    case 's':
      return { name, type: binding.TF_ATTR_STRING, value: Buffer.from(value.value).toString('utf8') };
    case 'i':
      return { name, type: binding.TF_ATTR_INT, value: Number(value.value) };
    case 'f':
      return { name, type: binding.TF_ATTR_FLOAT, value: value.value };
    case 'b':
      return { name, type: binding.TF_ATTR_BOOL, value: value.value };
    case 'type':
      return { name, type: binding.TF_ATTR_TYPE, value: value.value };
    case 'list': {
      const { i, f, b, type, shape, func, s } = value.value;
      if (type.length + shape.length + func.length + s.length > 0) return null;
      if (f.length > 0) return { name, type: binding.TF_ATTR_FLOAT, value: f };
      if (b.length > 0) return { name, type: binding.TF_ATTR_BOOL, value: b };
      return { name, type: binding.TF_ATTR_INT, value: i.map(Number) };
    }
    default:
      return null;
  }
}
