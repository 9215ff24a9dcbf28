import { SignetError } from '../errors.js';
import { attrValueOf } from './attr-value.js';
import type { BindingAttribute, DataId } from '../tensorflow/backend.js';
import { dataTypeName, dataTypeOf, type DType } from '../tensorflow/data-type.js';
import { type OpListener, readUnheard } from '../tensorflow/op-listener.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import * as tf from '../tensorflow/tf.js';
import type { ConcreteFunction } from './concrete-function.js';
import { type Attributes, completeAttributes, inputTypes, opEntry, outputTypes } from './op-signature.js';
import type { SampleSizes } from './sample-sizes.js';

/** What is known of a tensor on the tape. */
export interface TensorInfo {
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

/** A tensor on the tape: one output of a node. */
export interface TapeValue {
  readonly node: TapeNode;
  readonly output: number;
}

/** A constant's elements in C order, as TF.js reads them; strings as bytes. */
export type ConstantValues = ArrayLike<number> | ArrayLike<bigint> | readonly Uint8Array[];

interface NodeBase {
  readonly outputs: readonly TensorInfo[];
  /** Whether the values may differ from call to call, so that JavaScript must not read them. */
  readonly dynamic: boolean;
}
export type ArgumentNode = NodeBase & { readonly kind: 'argument'; readonly name: string };
export type VariableNode = NodeBase & { readonly kind: 'variable'; readonly variable: tf.Variable };
export type ConstantNode = NodeBase & { readonly kind: 'constant'; readonly values: ConstantValues };
export type OpNode = NodeBase & {
  readonly kind: 'op';
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: readonly TapeValue[];
  /** The functions that the attributes name: bodies and branches. */
  readonly functions: readonly ConcreteFunction[];
};
export type TapeNode = ArgumentNode | VariableNode | ConstantNode | OpNode;

/** An op that our own code records, with attributes that tfjs-node's binding cannot set. */
export interface OpRecord {
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: readonly tf.Tensor[];
  readonly outputs: readonly tf.Tensor[];
  readonly functions?: readonly ConcreteFunction[];
}

/**
 * Records, as a graph, every op that runs while an ordinary TF.js function is called once.
 *
 * A tensor is known by its storage (`dataId`): TF.js hands the same storage to a clone or a reshape that moves nothing.
 * A variable that has been assigned has another storage afterwards, which is how assignments are found.
 */
export class Tape implements OpListener {
  readonly nodes: TapeNode[] = [];
  readonly #values = new Map<DataId, TapeValue>();
  readonly #variables = new Map<DataId, tf.Variable>();
  readonly #assigned = new Map<tf.Variable, DataId>();

  /**
   * @param trace Which of the function's traces this is, from 0.
   * @param sizes Sizes that ops make up while tracing, such as those of a decoded image.
   */
  constructor(
    readonly trace: number,
    private readonly sizes: SampleSizes,
  ) {
    for (const variable of registeredVariables()) {
      this.#variables.set(variable.dataId, variable);
      this.#assigned.set(variable, variable.dataId);
    }
  }

  /** A size for a dimension that only a call knows, in this trace. */
  freshSize(): number {
    return this.sizes.next()[this.trace] ?? 1;
  }

  addArgument(name: string, dtype: DType, sample: tf.Tensor): void {
    const outputs = [{ dataType: dataTypeOf(dtype), shape: sample.shape }];
    this.#add({ kind: 'argument', name, outputs, dynamic: true }, [sample]);
  }

  onOp(op: string, attributes: readonly BindingAttribute[], inputs: readonly tf.Tensor[], outputs: tf.Tensor[]): void {
    const given = Object.fromEntries(attributes.map((attribute) => [attribute.name, attrValueOf(attribute)]));
    this.record({ op, attributes: given, inputs, outputs });
  }

  onRead(dataId: DataId): void {
    const value = this.#values.get(dataId);
    const dynamic = value ? value.node.dynamic : this.#variables.has(dataId);
    if (!dynamic) return;
    throw new SignetError(
      'NOT_TRACEABLE',
      `${value ? describe(value) : 'A variable'} is read into JavaScript (data, dataSync, array, print), but it has a value ` +
        'only when the function is called. Compute with tensors throughout, or read it outside of the tf function.',
    );
  }

  /** Adds an op with its outputs. */
  record({ op, attributes, inputs, outputs, functions = [] }: OpRecord): void {
    const values = inputs.map((input) => this.valueOf(input));
    const types = values.map(({ node, output }) => node.outputs[output]?.dataType ?? 0);
    const complete = completeAttributes(op, attributes, types);
    checkInputs(op, inputTypes(op, complete), values, types);
    const produced = outputTypes(op, complete);
    const infos = outputs.map(({ shape }, i) => ({ dataType: produced[i] ?? 0, shape }));
    const dynamic = opEntry(op)[2] || values.some(({ node }) => node.dynamic);
    this.#add({ kind: 'op', op, attributes: complete, inputs: values, functions, outputs: infos, dynamic }, outputs);
  }

  /** The place of a tensor on the tape; one that no op made is a variable or a constant. */
  valueOf(tensor: tf.Tensor): TapeValue {
    const known = this.#values.get(tensor.dataId);
    if (known) return known;
    return this.#add(this.#sourceOf(tensor), [tensor]);
  }

  /** Variables that hold another value than when the tape began. */
  assignments(): { readonly variable: tf.Variable; readonly value: TapeValue }[] {
    return [...this.#assigned]
      .filter(([variable, before]) => variable.dataId !== before)
      .map(([variable]) => ({ variable, value: this.valueOf(variable) }));
  }

  #sourceOf(tensor: tf.Tensor): TapeNode {
    const variable = this.#variables.get(tensor.dataId);
    // An Int64Scalar of tfjs-node is no tensor: it has a value and no storage.
    const int64 = (tensor as unknown as { value?: number }).value;
    const dataType = dataTypeOf(int64 === undefined ? (tensor.dtype as DType) : 'int64');
    const outputs = [{ dataType, shape: tensor.shape }];
    if (variable) return { kind: 'variable', variable, outputs, dynamic: true };
    const values = int64 === undefined ? readUnheard(tensor.dataId) : [BigInt(int64)];
    return { kind: 'constant', values: copyOf(values), outputs, dynamic: false };
  }

  #add(node: TapeNode, outputs: readonly tf.Tensor[]): TapeValue {
    this.nodes.push(node);
    outputs.forEach(({ dataId }, output) => {
      if ((dataId as DataId | undefined) !== undefined) this.#values.set(dataId, { node, output });
    });
    return { node, output: 0 };
  }
}

/** Every variable that TF.js knows, in the order of their making. */
export function registeredVariables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}

/** What a message calls a tensor on the tape. */
export function describe({ node, output }: TapeValue): string {
  const info = node.outputs[output];
  const type = info ? `${dataTypeName(info.dataType)}[${info.shape.join(', ')}]` : '?';
  switch (node.kind) {
    case 'argument':
      return `The argument "${node.name}" (${type})`;
    case 'variable':
      return `The variable "${node.variable.name}" (${type})`;
    case 'constant':
      return `A constant (${type})`;
    case 'op':
      return `The result of ${node.op} (${type})`;
  }
}

function checkInputs(op: string, expected: DataType[], values: readonly TapeValue[], received: DataType[]): void {
  expected.forEach((type, i) => {
    const value = values[i];
    if (!value || received[i] === type) return;
    throw new SignetError(
      'NOT_TRACEABLE',
      `${op} takes ${dataTypeName(type)} for input ${i}. Received: ${describe(value)}. ` +
        'TF.js shows uint8 and int64 tensors as int32; cast them before computing with them.',
    );
  });
}

function copyOf(values: ConstantValues): ConstantValues {
  return ArrayBuffer.isView(values) ? (values as unknown as Float32Array).slice() : Array.from(values as []);
}
