import { create, type MessageInitShape } from '@bufbuild/protobuf';

import { dataTypeOf } from '../tensorflow/data-type.js';
import { type FunctionDef, FunctionDefSchema } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { NodeDefSchema } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../tensorflow/tf.js';
import { Asset } from './asset.js';
import { attr } from './attr-value.js';
import type { Capture, ConcreteFunction } from './concrete-function.js';
import { dimensionsOf, type SizeExpression, type SourceDimension } from './size-expression.js';
import { type Attributes, outputName } from './op-signature.js';
import type { ConstantValues } from './tape-nodes.js';
import { tensorAttribute } from './tensor-proto.js';

type NodeDefInit = MessageInitShape<typeof NodeDefSchema>;

/** A named, typed argument or result in a FunctionDef's signature. */
export interface FunctionArgument {
  readonly name: string;
  readonly dataType: DataType;
}

/** A variable or an asset that a function uses: an argument of the FunctionDef. */
interface CapturedArgument {
  readonly argument: string;
  readonly dataType: DataType;
  read: string | null;
  /** Nodes that take the variable itself, and read or update it when they run. */
  readonly takenBy: string[];
  /** The last of them that updates it in place. */
  updatedBy: string | null;
}

const int32 = DataType.DT_INT32;

/**
 * Collects the nodes of one FunctionDef. Its methods add a node and return a tensor's name as the body of a function
 * writes it, `node:output_arg:index`.
 */
export class FunctionDefBuilder {
  readonly #nodes: NodeDefInit[] = [];
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, string>();
  readonly #sizes = new Map<string, string>();
  readonly #captures = new Map<Capture, CapturedArgument>();
  readonly #control: string[] = [];

  readonly #inputs: FunctionArgument[];

  constructor(inputs: readonly FunctionArgument[]) {
    this.#inputs = [...inputs];
    for (const { name } of inputs) this.#names.set(name, 1);
  }

  /** Adds an argument after the existing ones. */
  addInput(input: FunctionArgument): void {
    this.#inputs.push(input);
    this.#names.set(input.name, 1);
  }

  /** Variables and assets that the function uses, in the order of the arguments that follow the function's own. */
  get captures(): Capture[] {
    return [...this.#captures.keys()];
  }

  /** Adds an op; returns its node's name. */
  node(op: string, inputs: readonly string[], attributes: Attributes): string {
    const name = this.#uniqueName(op);
    const taken = [...this.#captures.values()].filter(({ argument }) => inputs.includes(argument));
    const order = new Set(taken.flatMap((capture) => orderOf(op, capture).map((node) => `^${node}`)));
    for (const input of inputs) order.delete(input);
    this.#nodes.push({ name, op, input: [...inputs, ...order], attr: { ...attributes } });
    for (const capture of taken) {
      capture.takenBy.push(name);
      if (updatesInPlace(op)) capture.updatedBy = name;
    }
    return name;
  }

  /** Adds an op of one output; returns that output's name. */
  op(op: string, inputs: readonly string[], attributes: Attributes): string {
    return `${this.node(op, inputs, attributes)}:${outputName(op, attributes, 0)}`;
  }

  /** Adds all nodes of a function that captures nothing and is not stateful; returns the names of its results. */
  inline({ definition: { signature, nodeDef, ret } }: ConcreteFunction, args: readonly string[]): string[] {
    const names = new Map(signature?.inputArg.map(({ name }, i) => [name, args[i] ?? '']));
    for (const { name, op } of nodeDef) names.set(name, this.#uniqueName(op));
    const renamed = (tensor: string) => tensor.replace(/[^^:]+/, (name) => names.get(name) ?? '');
    for (const { name, op, input, attr: attributes } of nodeDef) {
      this.#nodes.push({ name: renamed(name), op, input: input.map(renamed), attr: attributes });
    }
    return (signature?.outputArg ?? []).map(({ name }) => renamed(ret[name] ?? ''));
  }

  /** Makes a node run whenever the function is called, whether or not its outputs are used. */
  alwaysRun(node: string): void {
    this.#control.push(node);
  }

  constant(dataType: DataType, shape: readonly number[], values: ConstantValues): string {
    const value = tensorAttribute(dataType, shape, values);
    const key = value.key;
    const known = key === null ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.op('Const', [], { dtype: attr.type(dataType), value: value.attribute });
    if (key !== null) this.#constants.set(key, name);
    return name;
  }

  readVariable(variable: tf.Variable): string {
    const capture = this.#capture(variable);
    const dtype = attr.type(dataTypeOf(variable.dtype));
    capture.read ??= this.op('ReadVariableOp', [capture.argument], { dtype });
    return capture.read;
  }

  /** A variable itself, as a called function takes it. */
  handle(variable: tf.Variable): string {
    return this.#capture(variable).argument;
  }

  /** The path of an asset's file. */
  asset(asset: Asset): string {
    return this.#capture(asset).argument;
  }

  /** Assigns a variable after everything that reads its old value. */
  assignVariable(variable: tf.Variable, value: string): void {
    const capture = this.#capture(variable);
    const dtype = attr.type(dataTypeOf(variable.dtype));
    const afterRead = capture.takenBy.map((node) => `^${node}`);
    this.alwaysRun(this.node('AssignVariableOp', [capture.argument, value, ...afterRead], { dtype }));
  }

  /** A size that is known when the graph runs, as an int32 scalar. */
  size(size: SizeExpression): string {
    for (const dimension of dimensionsOf(size)) this.#dimension(dimension);
    return this.#sizeOf(size);
  }

  /** Scalars as one vector. */
  pack(scalars: readonly string[], dataType: DataType): string {
    return this.op('Pack', scalars, { N: attr.int(scalars.length), T: attr.type(dataType), axis: attr.int(0) });
  }

  build(name: string, results: readonly (FunctionArgument & { readonly tensor: string })[]): FunctionDef {
    const captured = [...this.#captures.values()].map(({ argument, dataType }) => ({ name: argument, type: dataType }));
    return create(FunctionDefSchema, {
      signature: {
        name,
        inputArg: [...this.#inputs.map((input) => ({ name: input.name, type: input.dataType })), ...captured],
        outputArg: results.map((result) => ({ name: result.name, type: result.dataType })),
        isStateful: captured.length > 0 || this.#control.length > 0,
        controlOutput: this.#control,
      },
      nodeDef: this.#nodes,
      ret: Object.fromEntries(results.map((result) => [result.name, result.tensor])),
      controlRet: Object.fromEntries(this.#control.map((node) => [node, node])),
    });
  }

  #sizeOf(size: SizeExpression): string {
    if (typeof size === 'number') return this.constant(int32, [], [size]);
    if ('axis' in size) return this.#dimension(size);
    return this.op(size.op, [this.#sizeOf(size.a), this.#sizeOf(size.b)], { T: attr.type(int32) });
  }

  #dimension({ source, axis }: SourceDimension): string {
    const key = `${source.tensor}#${axis}`;
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    const shape = this.#shapeOf(source);
    const at = (position: number) => this.constant(int32, [1], [position]);
    const size = this.op('StridedSlice', [shape, at(axis), at(axis + 1), at(1)], {
      T: attr.type(int32),
      Index: attr.type(int32),
      shrink_axis_mask: attr.int(1),
    });
    this.#sizes.set(key, size);
    return size;
  }

  #shapeOf({ tensor, dataType }: SourceDimension['source']): string {
    const known = this.#sizes.get(tensor);
    if (known !== undefined) return known;
    const shape = this.op('Shape', [tensor], { T: attr.type(dataType), out_type: attr.type(int32) });
    this.#sizes.set(tensor, shape);
    return shape;
  }

  #capture(capture: Capture): CapturedArgument {
    const known = this.#captures.get(capture);
    if (known) return known;
    const isAsset = capture instanceof Asset;
    const name = capture.name.toLowerCase().replace(/[^a-z0-9]+/g, '_');
    const argument = this.#uniqueName(`${name}_${isAsset ? 'path' : 'resource'}`);
    const dataType = isAsset ? DataType.DT_STRING : DataType.DT_RESOURCE;
    const captured = { argument, dataType, read: null, takenBy: [], updatedBy: null };
    this.#captures.set(capture, captured);
    return captured;
  }

  /** TensorFlow's way of telling nodes of one op apart: `Conv2D`, `Conv2D_1`. */
  #uniqueName(wanted: string): string {
    const base = /^[A-Za-z]/.test(wanted) ? wanted : `n${wanted}`;
    const used = this.#names.get(base) ?? 0;
    this.#names.set(base, used + 1);
    if (used === 0) return base;
    const name = `${base}_${used}`;
    return this.#names.has(name) ? this.#uniqueName(base) : (this.#names.set(name, 1), name);
  }
}

/** Whether an op gives the variables that it takes new values. */
function updatesInPlace(op: string): boolean {
  return op.startsWith('ResourceApply');
}

/** The nodes that must have run before a node takes a variable: an update waits for reads and updates, everything else only for updates. */
function orderOf(op: string, { takenBy, updatedBy }: CapturedArgument): readonly string[] {
  if (updatesInPlace(op)) return takenBy;
  return updatedBy === null ? [] : [updatedBy];
}
