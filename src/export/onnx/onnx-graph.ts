import { create, toBinary } from '@bufbuild/protobuf';

import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';
import type { FlatGraph } from '../flat-graph.js';
import type { ObservedShape } from '../observed-shapes.js';
import { fewestQuantized, halvesOf, type Quantization } from '../quantization.js';
import {
  AttributeProto_AttributeType,
  type AttributeProto,
  AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './protos/onnx_pb.js';

/** Attributes of an ONNX node: whole numbers unless they are made by `float`. */
export type OnnxAttributes = Readonly<Record<string, number | string | readonly number[] | Float>>;

/** A number that is a float also where it is whole. */
class Float {
  constructor(readonly value: number) {}
}

/** Marks an attribute as a float. */
export function float(value: number): Float {
  return new Float(value);
}

/** The element type of ONNX for each of Signet's. */
export const onnxTypes: Readonly<Record<TensorValue['dtype'], TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float64: TensorProto_DataType.DOUBLE,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int8: TensorProto_DataType.INT8,
  int16: TensorProto_DataType.INT16,
  uint16: TensorProto_DataType.UINT16,
  uint32: TensorProto_DataType.UINT32,
  uint64: TensorProto_DataType.UINT64,
  complex64: TensorProto_DataType.COMPLEX64,
  complex128: TensorProto_DataType.COMPLEX128,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
  string: TensorProto_DataType.STRING,
};

/** Opset 18 is the first whose Resize has `axes` and `antialias`; ONNX Runtime has supported it since 1.14 (February 2023). */
const opset = 18n;
/** Version of the file format that belongs to opset 18. */
const irVersion = 8n;

/** Where a value of the flat graph is found in the ONNX graph: as TensorFlow has it, with channels first, or both. */
interface Places {
  asIs?: string;
  channelsFirst?: string;
}

/** Position in NCHW of a dimension of NHWC. */
export const placeInChannelsFirst = [0, 2, 3, 1];

const toChannelsFirst = [0, 3, 1, 2];
const toChannelsLast = [0, 2, 3, 1];

/**
 * An ONNX graph while it is made from a flat one.
 *
 * ONNX's convolutions take channels first. A picture is transposed once, before the first of them, and back where an op needs it as
 * TensorFlow has it; what lies between is computed with channels first.
 */
export class OnnxGraph {
  readonly #nodes: NodeProto[] = [];
  readonly #initializers = new Map<string, TensorProto>();
  readonly #quantized = new Set<string>();
  readonly #places = new Map<string, Places>();
  #made = 0;

  constructor(
    private readonly graph: FlatGraph,
    private readonly shapes: ReadonlyMap<string, ObservedShape>,
    private readonly quantization: Quantization = 'none',
  ) {
    for (const { value, name } of graph.inputs) this.#places.set(value, { asIs: name });
  }

  /** Number of dimensions of a value. */
  rank(value: string): number {
    return this.shape(value).length;
  }

  /** Sizes of a value, null where they vary. */
  shape(value: string): ObservedShape {
    return this.graph.constants.get(value)?.shape ?? this.shapes.get(value) ?? [];
  }

  /** The value, if it is a constant. */
  constant(value: string | undefined): TensorValue | undefined {
    return value === undefined ? undefined : this.graph.constants.get(value);
  }

  /** Numbers of a constant; undefined for what is computed. */
  numbers(value: string | undefined): number[] | undefined {
    const constant = this.constant(value);
    return constant && Array.from(constant.values as Int32Array, Number);
  }

  /** Name of a value in the layout that TensorFlow has it in. */
  get(value: string): string {
    const places = this.#placesOf(value);
    places.asIs ??= this.add('Transpose', [places.channelsFirst ?? ''], { perm: toChannelsLast });
    return places.asIs;
  }

  /** Name of a value of rank 4 with its channels first. */
  getChannelsFirst(value: string): string {
    const places = this.#placesOf(value);
    places.channelsFirst ??= this.add('Transpose', [places.asIs ?? ''], { perm: toChannelsFirst });
    return places.channelsFirst;
  }

  /** Whether a value was computed with its channels first. */
  isChannelsFirst(value: string): boolean {
    return this.#places.get(value)?.channelsFirst !== undefined;
  }

  /** Gives a value its name. */
  set(value: string, name: string): void {
    this.#places.set(value, { asIs: name });
  }

  /** Gives a value that has its channels first its name. */
  setChannelsFirst(value: string, name: string): void {
    this.#places.set(value, { channelsFirst: name });
  }

  /** Adds a node. @returns the name of its first output. */
  add(op: string, inputs: readonly string[], attributes: OnnxAttributes = {}): string {
    return this.addWith(op, inputs, attributes, 1)[0] ?? '';
  }

  /** Adds a node with several outputs. @returns their names. */
  addWith(op: string, inputs: readonly string[], attributes: OnnxAttributes, outputs: number): string[] {
    this.#made += 1;
    const name = `${op}_${this.#made}`;
    const output = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.#nodes.push(create(NodeProtoSchema, { name, opType: op, input: [...inputs], output, attribute }));
    return output;
  }

  /** Adds int64 numbers, which ONNX uses for sizes and axes. */
  int64(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.initializer({ dtype: 'int64', shape, values: BigInt64Array.from(values, BigInt) });
  }

  /** Adds a float of rank 0. */
  scalar(value: number): string {
    return this.initializer({ dtype: 'float32', shape: [], values: Float32Array.of(value) });
  }

  /** Adds a constant. @returns its name. */
  initializer(value: TensorValue, name = this.#constantName(value)): string {
    if (this.#initializers.has(name) || this.#quantized.has(name)) return name;
    const isLarge = value.dtype === 'float32' && value.values.length >= fewestQuantized && value.shape.length > 1;
    if (isLarge && this.quantization === 'float16') this.#asHalf(name, value);
    else if (isLarge && this.quantization === 'weights') this.#asBytes(name, value);
    else this.#initializers.set(name, tensorProto(name, value));
    return name;
  }

  /** Stores floats as float16; the runtime casts them once, when it loads the file. */
  #asHalf(name: string, { shape, values }: TensorValue): void {
    const rawData = new Uint8Array(halvesOf(values as Float32Array).buffer);
    const dims = shape.map(BigInt);
    const half = `${name}/float16`;
    this.#initializers.set(
      half,
      create(TensorProtoSchema, { name: half, dims, dataType: TensorProto_DataType.FLOAT16, rawData }),
    );
    this.#restored(name, 'Cast', [half], { to: TensorProto_DataType.FLOAT });
  }

  /** Stores floats as int8, with a scale for each channel that comes out: the first dimension of filters, the last of matrices. */
  #asBytes(name: string, { shape, values }: TensorValue): void {
    const axis = shape.length === 4 ? 0 : shape.length - 1;
    const { bytes, scales } = channelwise(values as Float32Array, shape, axis);
    const [stored, scale] = [`${name}/int8`, `${name}/scale`];
    const dims = shape.map(BigInt);
    this.#initializers.set(
      stored,
      create(TensorProtoSchema, { name: stored, dims, dataType: TensorProto_DataType.INT8, rawData: bytes }),
    );
    this.#initializers.set(scale, tensorProto(scale, { dtype: 'float32', shape: [scales.length], values: scales }));
    this.#restored(name, 'DequantizeLinear', [stored, scale], { axis });
  }

  #restored(name: string, op: string, input: string[], attributes: OnnxAttributes): void {
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.#nodes.push(create(NodeProtoSchema, { name: `${op}_${name}`, opType: op, input, output: [name], attribute }));
    this.#quantized.add(name);
  }

  /** Writes the file. @param metadata Facts for the file's `metadata_props`. */
  toFile(metadata: Readonly<Record<string, string>>): Uint8Array {
    const output = this.graph.outputs.map(({ name, value }) => {
      this.#nodes.push(
        create(NodeProtoSchema, {
          name: `output_${name}`,
          opType: 'Identity',
          input: [this.get(value)],
          output: [name],
        }),
      );
      return valueInfo(name, this.graph.outputs.find((each) => each.name === name)?.spec ?? null);
    });
    const model = create(ModelProtoSchema, {
      irVersion,
      opsetImport: [{ domain: '', version: opset }],
      producerName: 'signet',
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: this.graph.signature,
        node: this.#nodes,
        initializer: [...this.#initializers.values()],
        input: this.graph.inputs.map(({ name, spec }) => valueInfo(name, spec)),
        output,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  #placesOf(value: string): Places {
    const known = this.#places.get(value);
    if (known) return known;
    const constant = this.graph.constants.get(value);
    if (!constant) throw new Error(`unreachable: ${value} is made before it is taken`);
    const places = { asIs: this.initializer(constant, value) };
    this.#places.set(value, places);
    return places;
  }

  /** Small constants are shared by what they hold. */
  #constantName({ dtype, shape, values }: TensorValue): string {
    if (values.length <= 8 && ArrayBuffer.isView(values))
      return `${dtype}[${shape.join(',')}]=${Array.from(values as Float32Array, String).join(',')}`;
    this.#made += 1;
    return `constant_${this.#made}`;
  }
}

function attributeProto(name: string, value: OnnxAttributes[string]): AttributeProto {
  const types = AttributeProto_AttributeType;
  if (value instanceof Float) return create(AttributeProtoSchema, { name, type: types.FLOAT, f: value.value });
  if (typeof value === 'number') return create(AttributeProtoSchema, { name, type: types.INT, i: BigInt(value) });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: types.STRING, s: Buffer.from(value) });
  return create(AttributeProtoSchema, { name, type: types.INTS, ints: value.map(BigInt) });
}

function tensorProto(name: string, { dtype, shape, values }: TensorValue): TensorProto {
  const proto = create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: onnxTypes[dtype] });
  return Object.assign(proto, elementsOf(values));
}

function elementsOf(values: ElementValues): Partial<TensorProto> {
  if (!ArrayBuffer.isView(values)) return { stringData: [...values] };
  return { rawData: new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength) };
}

function valueInfo(name: string, spec: FlatGraph['inputs'][number]['spec'] | null): ValueInfoProto {
  const dim = (spec?.sizes ?? []).map((size, i) => ({
    value:
      size < 0
        ? ({ case: 'dimParam', value: `${name}_${i}` } as const)
        : ({ case: 'dimValue', value: BigInt(size) } as const),
  }));
  const elemType = onnxTypes[spec?.dtype ?? 'float32'];
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, ...(spec?.sizes && { shape: { dim } }) } } },
  });
}

/** Rounds each channel to 255 steps around zero. */
function channelwise(values: Float32Array, shape: readonly number[], axis: number) {
  const channels = shape[axis] ?? 1;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channelOf = (i: number) => Math.floor(i / inner) % channels;
  const scales = new Float32Array(channels);
  values.forEach((value, i) => (scales[channelOf(i)] = Math.max(scales[channelOf(i)] ?? 0, Math.abs(value))));
  for (let i = 0; i < channels; i += 1) scales[i] = (scales[i] ?? 0) / 127 || 1;
  const bytes = new Int8Array(values.length);
  values.forEach((value, i) => (bytes[i] = Math.round(value / (scales[channelOf(i)] ?? 1))));
  return { bytes: new Uint8Array(bytes.buffer), scales };
}
