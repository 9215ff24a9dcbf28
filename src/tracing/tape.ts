import { SignetError } from '../errors.js';
import type { BindingAttribute, DataId } from '../tensorflow/backend.js';
import { dataTypeName, dataTypeOf } from '../tensorflow/data-type.js';
import { dataTypeInTfjs } from '../tensorflow/mended/honest-types.js';
import { currentListener, type OpListener, readUnheard } from '../tensorflow/mended/op-listener.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../tensorflow/tf.js';
import type { Asset } from './asset.js';
import { attr, attrValuesOf } from './attr-value.js';
import type { CapturedTensors } from './captured-tensors.js';
import type { ConcreteFunction } from './concrete-function.js';
import { dependsOnValues } from './depends-on-values.js';
import { type Attributes, completeOp, opEntry } from './op-signature.js';
import type { SampleSizes } from './sample-sizes.js';
import {
  type BodyAttributes,
  type ConstantValues,
  describe,
  type RecordedBody,
  type TapeNode,
  type TapeValue,
  type VariableNode,
} from './tape-nodes.js';
import { VariableHistory } from './variable-history.js';

const int32 = DataType.DT_INT32;

/** A tensor as the tape knows it. */
type Recorded = Pick<tf.Tensor, 'dataId' | 'shape'>;

/** An op that our own code records, with attributes that tfjs-node's binding cannot set. */
export interface OpRecord {
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: readonly (tf.Tensor | TapeValue)[];
  readonly outputs: readonly Recorded[];
  /** Functions that the attributes name. */
  readonly functions?: readonly ConcreteFunction[];
  /** Bodies and branches, which become functions when the op is emitted. */
  readonly bodies?: readonly RecordedBody[];
  readonly bodyAttributes?: BodyAttributes | undefined;
}

/** Called with the name of each op just before it is recorded; see `watchingOps`. */
let watcher: ((op: string) => void) | null = null;

/** Runs `action`, and calls `watch` with the name of each op just before it is recorded on any tape. */
export function watchingOps<T>(watch: (op: string) => void, action: () => T): T {
  const outer = watcher;
  watcher = watch;
  try {
    return action();
  } finally {
    watcher = outer;
  }
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
  readonly #variables = new VariableHistory();
  readonly #handles = new Map<tf.Variable, TapeValue>();
  readonly #assets = new Map<Asset, TapeValue>();

  /**
   * @param trace Which of the function's traces this is, from 0.
   * @param sizes Sizes that ops make up while tracing, such as those of a decoded image.
   * @param captured For the body of an op: the tensors that it takes from the function around it, variables among them.
   */
  constructor(
    readonly trace: number,
    readonly sizes: SampleSizes,
    readonly captured: CapturedTensors | null = null,
  ) {}

  /** A size for a dimension that only a call knows, in this trace. */
  freshSize(): number {
    return this.sizes.next()[this.trace] ?? 1;
  }

  addArgument(name: string, dataType: DataType, sample: tf.Tensor): void {
    const outputs = [{ dataType, shape: sample.shape }];
    const node: TapeNode = { kind: 'argument', name, outputs, dynamic: true };
    this.#add(node, [sample]);
    this.#castAsTfjs(node, [sample]);
  }

  /** The path of an asset in the SavedModel, a string scalar. */
  assetValue(asset: Asset): TapeValue {
    const known = this.#assets.get(asset);
    if (known) return known;
    const outputs = [{ dataType: DataType.DT_STRING, shape: [] }];
    const value = this.#add(
      this.captured?.argumentFor(this.captured.outer.assetValue(asset)) ?? {
        kind: 'asset',
        asset,
        outputs,
        dynamic: true,
      },
      [],
    );
    this.#assets.set(asset, value);
    return value;
  }

  /** A constant of type int64, which TF.js lacks, with the values of an int32 tensor. */
  int64Constant(tensor: tf.Tensor): TapeValue {
    const values = BigInt64Array.from(Array.from(readUnheard(tensor.dataId) as Int32Array), BigInt);
    const outputs = [{ dataType: DataType.DT_INT64, shape: tensor.shape }];
    return this.#add({ kind: 'constant', values, outputs, dynamic: false }, []);
  }

  /** A variable as a called function takes it. Null where only its value is at hand: in a body, or once it was assigned. */
  handleOf(variable: tf.Variable): TapeValue | null {
    if (this.captured || !this.#variables.isUnassigned(variable)) return null;
    const known = this.#handles.get(variable);
    if (known) return known;
    const outputs = [{ dataType: DataType.DT_RESOURCE, shape: [] }];
    const value = this.#add({ kind: 'handle', variable, outputs, dynamic: true }, []);
    this.#handles.set(variable, value);
    return value;
  }

  /** Whether an op gave variables new values in place. */
  get updatesVariables(): boolean {
    return this.#variables.hasUpdates;
  }

  /**
   * Records an op that gives variables, its first inputs, new values in place, such as ResourceApplyAdam. They have another storage
   * afterwards, which stands for the new value.
   *
   * @returns Whether it was recorded: not in a body, nor once a variable was assigned, where only values are at hand.
   */
  recordUpdate(
    op: string,
    attributes: Attributes,
    variables: readonly tf.Variable[],
    inputs: readonly tf.Tensor[],
  ): boolean {
    const handles = variables.flatMap((variable) => this.handleOf(variable) ?? []);
    if (handles.length < variables.length) return false;
    // Code that reads their values up to here reads the old ones.
    for (const variable of variables) this.valueOf(variable);
    this.record({ op, attributes, inputs: [...handles, ...inputs], outputs: [] });
    for (const variable of variables) this.#variables.update(variable);
    return true;
  }

  /** The place of a tensor whose value only a call knows; null for every other. */
  dynamicValueOf(dataId: DataId): TapeValue | null {
    const known = this.#values.get(dataId);
    if (known) return known.node.dynamic ? known : null;
    const variable = this.captured ? undefined : this.#variables.atFirst(dataId);
    if (variable) return this.#add(variableNode(variable), [{ dataId, shape: variable.shape }]);
    const updated = this.#variables.updated(dataId);
    if (updated) return this.#readUpdated(updated, dataId);
    const outer = this.captured?.outer.dynamicValueOf(dataId);
    if (!this.captured || !outer) return null;
    const value = this.#add(this.captured.argumentFor(outer), []);
    this.#values.set(dataId, value);
    return value;
  }

  /** Whether a tensor's value is known only to a call. */
  isDynamic(tensor: tf.Tensor): boolean {
    return this.dynamicValueOf(tensor.dataId) !== null;
  }

  dependsOnValues(tensor: tf.Tensor): boolean {
    const value = this.dynamicValueOf(tensor.dataId);
    return value !== null && dependsOnValues(value);
  }

  sampleSize(size: tf.Tensor): number {
    return this.dependsOnValues(size) ? this.freshSize() : Number((readUnheard(size.dataId) as Int32Array)[0]);
  }

  /** The element type of a tensor in the graph, which for uint8 and int64 is not the one that TF.js shows. */
  dataTypeOf(tensor: tf.Tensor): DataType {
    const { node, output } = this.valueOf(tensor);
    return node.outputs[output]?.dataType ?? DataType.DT_INVALID;
  }

  onOp(op: string, attributes: readonly BindingAttribute[], inputs: readonly tf.Tensor[], outputs: tf.Tensor[]): void {
    this.record({ op, attributes: attrValuesOf(attributes), inputs, outputs });
  }

  onRead(dataId: DataId): void {
    const value = this.dynamicValueOf(dataId);
    if (!value) return;
    throw new SignetError(
      'NOT_TRACEABLE',
      `${describe(value)} is read into JavaScript (data, dataSync, array, print), but it has a value only when the ` +
        'function is called. Compute with tensors throughout, or read it outside of the tf function.',
    );
  }

  /** Adds an op with its outputs; returns its first one. */
  record({ op, attributes, inputs, outputs, functions = [], bodies = [], bodyAttributes }: OpRecord): TapeValue {
    watcher?.(op);
    const values = inputs.map((input) => ('node' in input ? input : this.valueOf(input)));
    const typeAttribute = takesUint8[op];
    const source = typeAttribute === undefined ? null : castFromUint8(values[0]);
    if (typeAttribute !== undefined && source) {
      const direct = { ...attributes, [typeAttribute]: attr.type(DataType.DT_UINT8) };
      return this.record({ op, attributes: direct, inputs: [source, ...inputs.slice(1)], outputs });
    }
    const types = values.map(({ node, output }) => node.outputs[output]?.dataType ?? 0);
    const complete = completeOp(op, attributes, types);
    checkInputs(op, complete.inputTypes, values, types);
    const produced = complete.outputTypes;
    const infos = outputs.map(({ shape }, i) => ({ dataType: produced[i] ?? 0, shape }));
    const dynamic = opEntry(op)[2] || values.some(({ node }) => node.dynamic);
    const node: TapeNode = {
      kind: 'op',
      op,
      attributes: complete.attributes,
      inputs: values,
      functions,
      bodies,
      bodyAttributes,
      outputs: infos,
      dynamic,
    };
    const value = this.#add(node, outputs);
    this.#castAsTfjs(node, outputs);
    return value;
  }

  /** The place of a tensor on the tape; one that no op made is a variable, a capture or a constant. */
  valueOf(tensor: tf.Tensor): TapeValue {
    const known = this.#values.get(tensor.dataId) ?? (this.captured ? this.dynamicValueOf(tensor.dataId) : null);
    const updated = known ? undefined : this.#variables.updated(tensor.dataId);
    if (updated) return this.#readUpdated(updated, tensor.dataId);
    return known ?? this.#add(this.#sourceOf(tensor), [tensor]);
  }

  /** Variables that hold another value than when the tape began. */
  assignments(): { readonly variable: tf.Variable; readonly value: TapeValue }[] {
    return this.#variables.assigned.map((variable) => ({ variable, value: this.valueOf(variable) }));
  }

  /** TF.js computes with int32 where a tensor is uint8 or int64: the graph casts it there too, see honest-types.ts. */
  #castAsTfjs(node: TapeNode, tensors: readonly Recorded[]): void {
    node.outputs.forEach(({ dataType, shape }, output) => {
      const type = dataTypeInTfjs(dataType);
      const tensor = tensors[output];
      if (type === dataType || !tensor) return;
      this.#add(
        {
          kind: 'op',
          op: 'Cast',
          attributes: { SrcT: attr.type(dataType), DstT: attr.type(type), Truncate: attr.bool(false) },
          inputs: [{ node, output }],
          functions: [],
          bodies: [],
          bodyAttributes: undefined,
          outputs: [{ dataType: type, shape }],
          dynamic: node.dynamic,
        },
        [tensor],
      );
    });
  }

  #readUpdated(variable: tf.Variable, dataId: DataId): TapeValue {
    const handle = this.#handles.get(variable);
    if (!handle) throw new Error('unreachable: what was updated in place has a handle');
    const attributes = { dtype: attr.type(dataTypeOf(variable.dtype)) };
    const value = { dataId, shape: variable.shape };
    this.record({ op: 'ReadVariableOp', attributes, inputs: [handle], outputs: [value] });
    return this.#values.get(dataId) ?? handle;
  }

  #sourceOf(tensor: tf.Tensor): TapeNode {
    const variable = this.captured ? undefined : this.#variables.atFirst(tensor.dataId);
    if (variable) return variableNode(variable);
    // An Int64Scalar of tfjs-node is not a tensor: it has a value and no storage.
    const int64 = (tensor as unknown as { value?: number }).value;
    const dataType = dataTypeOf(int64 === undefined ? tensor.dtype : 'int64');
    const outputs = [{ dataType, shape: tensor.shape }];
    const values = int64 === undefined ? readUnheard(tensor.dataId) : [BigInt(int64)];
    return { kind: 'constant', values: copyOf(values), outputs, dynamic: false };
  }

  #add(node: TapeNode, outputs: readonly Recorded[]): TapeValue {
    this.nodes.push(node);
    outputs.forEach(({ dataId }, output) => {
      if ((dataId as DataId | undefined) !== undefined) this.#values.set(dataId, { node, output });
    });
    return { node, output: 0 };
  }
}

/** The tape that records now, or null when ops simply run. */
export function currentTape(): Tape | null {
  const listener = currentListener();
  return listener instanceof Tape ? listener : null;
}

function variableNode(variable: tf.Variable): VariableNode {
  const outputs = [{ dataType: dataTypeOf(variable.dtype), shape: variable.shape }];
  return { kind: 'variable', variable, outputs, dynamic: true };
}

/** Ops that pixels go into as uint8 rather than cast to TF.js's int32 first, with the attribute that says so: it is a quarter of the memory. */
const takesUint8: Readonly<Record<string, string>> = {
  Cast: 'SrcT',
  ExpandDims: 'T',
  Pad: 'T',
  ResizeBilinear: 'T',
  Reverse: 'T',
  ScaleAndTranslate: 'T',
  Slice: 'T',
};

/** The pixels that the tape itself cast to int32. A cast of the user's goes to another type: to int32, TF.js has nothing to cast. */
function castFromUint8(value: TapeValue | undefined): TapeValue | null {
  if (value?.node.kind !== 'op' || value.node.op !== 'Cast' || value.node.outputs[0]?.dataType !== int32) return null;
  const [source] = value.node.inputs;
  return source?.node.outputs[source.output]?.dataType === DataType.DT_UINT8 ? source : null;
}

function checkInputs(
  op: string,
  expected: readonly DataType[],
  values: readonly TapeValue[],
  received: DataType[],
): void {
  expected.forEach((type, i) => {
    const value = values[i];
    if (!value || received[i] === type) return;
    throw new SignetError(
      'NOT_TRACEABLE',
      `${op} takes ${dataTypeName(type)} for input ${i}. Received: ${describe(value)}. ` +
        'Cast it first, with tf.cast.',
    );
  });
}

function copyOf(values: ConstantValues): ConstantValues {
  return ArrayBuffer.isView(values) ? (values as unknown as Float32Array).slice() : Array.from(values as []);
}
