import { SignetError } from '../errors.js';
import { dataTypeName } from '../tensorflow/data-type.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from './attr-value.js';
import { type DecidingSize, explainRatio, explainSize } from './explain-size.js';
import type { SizeSource } from './size-expression.js';
import type { FunctionDefBuilder } from './function-def-builder.js';
import { insteadOf } from './instead.js';
import { sameBytes } from './same-bytes.js';
import type { ConstantNode, ConstantValues } from './tape-nodes.js';

const int32 = DataType.DT_INT32;

/** Where a constant goes. */
export interface ConstantUse {
  /** The op, or what messages say instead. */
  readonly takenBy: string;
  /** Which of the op's inputs it is. */
  readonly input: number;
}

/** Adds constants to a graph. One that differs between the traces is computed from sizes when the graph runs. */
export class ConstantEmitter {
  /** @param undecided Gets the sizes at which formulas that fit would differ. */
  constructor(
    private readonly builder: FunctionDefBuilder,
    private readonly undecided: DecidingSize[],
  ) {}

  /**
   * @param constants The constant in each trace.
   * @param sources Tensors whose sizes may explain a difference, the likeliest first.
   * @param context What messages say of the constant.
   * @returns The tensor's name.
   * @throws SignetError `NOT_TRACEABLE` when no size explains the difference.
   */
  emit(constants: readonly ConstantNode[], sources: readonly SizeSource[], context: ConstantUse): string {
    const [first] = constants;
    const info = first?.outputs[0];
    if (!first || !info) throw new Error('unreachable: a constant is on every tape');
    if (constants.every((other) => isSameConstant(first, other))) {
      return this.builder.constant(info.dataType, info.shape, first.values);
    }
    const each = constants.map((constant) => ({
      shape: constant.outputs[0]?.shape ?? [],
      values: elements(constant.values),
    }));
    const varying = { dataType: info.dataType, each, sources, ...context };
    const emitted =
      this.#numbers(varying) ?? this.#filled(varying) ?? this.#range(varying) ?? this.#identityMatrix(varying);
    if (emitted === null) throw unexplained(varying);
    return emitted;
  }

  /** A number, a vector or a matrix of them: sizes as `Reshape`, `Slice` and `Pad` take them, the count in a mean. */
  #numbers({ dataType, each, sources, takenBy, input }: Varying): string | null {
    const shape = each[0]?.shape ?? [];
    const length = each[0]?.values.length ?? 0;
    if (!isNumber(dataType) || length > mostNumbers || each.some((other) => !sameArray(other.shape, shape)))
      return null;
    const columns = Array.from({ length }, (_, i) => each.map(({ values }) => Number(values[i])));
    const varying = columns.filter((column) => column.some((size) => size !== column[0]));
    // A reshape keeps the number of elements, so its only unknown size follows from the others.
    const hasOpenSize = columns.some(([size]) => size === -1);
    if (takenBy === 'Reshape' && input === 1 && shape.length === 1 && varying.length === 1 && !hasOpenSize) {
      const sizes = columns.map((column) => (column === varying[0] ? -1 : (column[0] ?? 0)));
      return this.builder.constant(int32, [length], sizes);
    }
    const isFloat = dataType === DataType.DT_FLOAT;
    const scalars = columns.map((column, i) => {
      if (isFloat) return this.#float(column, sources);
      const size = this.#size(column, sources) ?? (takenBy === 'PadV2' ? this.#padding(column, sources, i >> 1) : null);
      return size && this.#cast(size, dataType);
    });
    if (scalars.includes(null)) return null;
    return this.#shaped(
      scalars.flatMap((scalar) => scalar ?? []),
      shape,
      dataType,
    );
  }

  /** Scalars as a tensor. */
  #shaped(scalars: readonly string[], shape: readonly number[], dataType: DataType): string {
    const [scalar] = scalars;
    if (shape.length === 0 && scalar !== undefined) return scalar;
    const vector = this.builder.pack(scalars, dataType);
    if (shape.length === 1) return vector;
    const sizes = this.builder.constant(int32, [shape.length], shape);
    return this.builder.op('Reshape', [vector, sizes], { T: attr.type(dataType), Tshape: attr.type(int32) });
  }

  #size(values: readonly number[], sources: readonly SizeSource[]): string | null {
    const size = values.every(Number.isInteger) ? explainSize(values, sources, this.undecided) : null;
    return size === null ? null : this.builder.size(size);
  }

  /** How much a dimension is padded by, if the padded size is known, as in the gradient of a slice. */
  #padding(values: readonly number[], sources: readonly SizeSource[], axis: number): string | null {
    const [padded] = sources;
    const before = padded?.shapes.map((shape) => shape[axis] ?? NaN) ?? [];
    const after = this.#size(
      values.map((value, k) => value + (before[k] ?? NaN)),
      sources,
    );
    const size = this.#size(before, sources);
    return after === null || size === null ? null : this.#int('Sub', after, size);
  }

  /** A float32 that is a size, a fraction of one, a number divided by one, or a root of it. */
  #float(values: readonly number[], sources: readonly SizeSource[]): string | null {
    const float = DataType.DT_FLOAT;
    const [first = 0] = values;
    if (values.every((value) => value === first)) return this.builder.constant(float, [], [first]);
    const float32 = { T: attr.type(float) };
    const build: FloatOps = {
      number: (value) => this.builder.constant(float, [], [value]),
      divide: (a, b) => this.builder.op('RealDiv', [a, b], float32),
      root: (a) => this.builder.op('Sqrt', [a], float32),
    };
    for (const { sizes, emit } of floatForms(values)) {
      const size = this.#size(sizes, sources);
      if (size !== null) return emit(this.#cast(size, float), build);
    }
    const ratio = explainRatio(values, sources)?.map((size) => this.#cast(this.builder.size(size), float));
    return ratio?.[0] !== undefined && ratio[1] !== undefined ? build.divide(ratio[0], ratio[1]) : null;
  }

  /** Zeros, ones or another single value in a shape that depends on sizes. */
  #filled({ dataType, each, sources }: Varying): string | null {
    // An empty constant does not show what fills the others.
    const value = each.find(({ values }) => values.length > 0)?.values[0];
    const rank = each[0]?.shape.length ?? 0;
    if (value === undefined || each.some(({ shape, values }) => shape.length !== rank || !isFilled(values, value))) {
      return null;
    }
    const sizes = this.#shape(each, sources);
    if (sizes === null) return null;
    const shape = this.builder.pack(sizes, int32);
    const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
    const fill = this.builder.constant(dataType, [], [bytes] as ConstantValues);
    return this.builder.op('Fill', [shape, fill], { T: attr.type(dataType), index_type: attr.type(int32) });
  }

  /** Whole numbers at equal steps, where the start and the length may depend on sizes. */
  #range({ dataType, each, sources }: Varying): string | null {
    if (!isNumber(dataType) || each.some(({ shape, values }) => shape.length !== 1 || values.length < 2)) return null;
    const numbers = each.map(({ values }) => Array.from(values, Number));
    const step = (numbers[0]?.[1] ?? 0) - (numbers[0]?.[0] ?? 0);
    const isRange = numbers.every((values) => values.every((value, i) => value === (values[0] ?? 0) + i * step));
    if (!isRange || !Number.isInteger(step)) return null;
    const start = this.#size(
      numbers.map((values) => values[0] ?? 0),
      sources,
    );
    const length = this.#size(
      numbers.map((values) => values.length),
      sources,
    );
    if (start === null || length === null) return null;
    const scaled = this.#int('Mul', this.#counted(length), this.builder.constant(int32, [], [step]));
    return this.#cast(this.#int('AddV2', scaled, start), dataType);
  }

  /** `tf.eye` of sizes. */
  #identityMatrix({ dataType, each, sources }: Varying): string | null {
    const isIdentity = ({ shape, values }: Varying['each'][number]) => {
      const columns = shape[1] ?? 0;
      return (
        shape.length === 2 &&
        Array.from(values).every((value, i) => Number(value) === (Math.floor(i / columns) === i % columns ? 1 : 0))
      );
    };
    if (!isNumber(dataType) || !each.every(isIdentity)) return null;
    const [rows, columns] = this.#shape(each, sources) ?? [];
    if (rows === undefined || columns === undefined) return null;
    const scalar = (value: number) => this.builder.constant(dataType, [], [value]);
    return this.builder.op('OneHot', [this.#counted(rows), columns, scalar(1), scalar(0)], {
      T: attr.type(dataType),
      TI: attr.type(int32),
      axis: attr.int(-1),
    });
  }

  /** The sizes of a constant's shape. */
  #shape(each: Varying['each'], sources: readonly SizeSource[]): string[] | null {
    const sizes = (each[0]?.shape ?? []).map((_, axis) =>
      this.#size(
        each.map(({ shape }) => shape[axis] ?? 0),
        sources,
      ),
    );
    return sizes.includes(null) ? null : sizes.flatMap((size) => size ?? []);
  }

  /** 0, 1, 2, ... */
  #counted(length: string): string {
    const scalar = (value: number) => this.builder.constant(int32, [], [value]);
    return this.builder.op('Range', [scalar(0), length, scalar(1)], { Tidx: attr.type(int32) });
  }

  #int(op: string, a: string, b: string): string {
    return this.builder.op(op, [a, b], { T: attr.type(int32) });
  }

  #cast(tensor: string, dataType: DataType): string {
    if (dataType === int32) return tensor;
    return this.builder.op('Cast', [tensor], { SrcT: attr.type(int32), DstT: attr.type(dataType) });
  }
}

/** Operations of a graph on float32 scalars. */
interface FloatOps {
  readonly number: (value: number) => string;
  readonly divide: (a: string, b: string) => string;
  readonly root: (a: string) => string;
}

/** A way of deriving float32 numbers from whole ones. */
interface FloatForm {
  readonly sizes: readonly number[];
  /** Computes the number from the size, a float32. */
  readonly emit: (size: string, build: FloatOps) => string;
}

/** The forms that give exactly these numbers: a fraction of a size, a number divided by one, a root of one or one divided by that. */
function floatForms(values: readonly number[]): FloatForm[] {
  const numbers = Array.from({ length: largestNumerator }, (_, i) => i + 1);
  const form = (of: (value: number) => number, back: (size: number) => number, emit: FloatForm['emit']) => {
    const sizes = values.map((value) => Math.round(of(value)));
    return values.every((value, k) => value === Math.fround(back(sizes[k] ?? NaN))) ? [{ sizes, emit }] : [];
  };
  const fractions = numbers.flatMap((n) =>
    form(
      (value) => value * n,
      (size) => size / n,
      (size, { divide, number }) => (n === 1 ? size : divide(size, number(n))),
    ),
  );
  const reciprocals = numbers.flatMap((n) =>
    form(
      (value) => n / value,
      (size) => n / size,
      (size, { divide, number }) => divide(number(n), size),
    ),
  );
  const roots = [
    ...form(
      (value) => value ** 2,
      Math.sqrt,
      (size, { root }) => root(size),
    ),
    ...form(
      (value) => value ** -2,
      (size) => 1 / Math.sqrt(size),
      (size, { divide, number, root }) => divide(number(1), root(size)),
    ),
  ];
  // Of 2 / 4 and 1 / 2 only the simpler is kept: each further form is one more that may fit by accident.
  return [...fractions.slice(0, 1), ...reciprocals.slice(0, 1), ...roots];
}

/** Fractions and numerators that are tried. */
const largestNumerator = 16;

/** More numbers than any vector or matrix of sizes has; comparing more costs time. */
const mostNumbers = 64;

function isNumber(dataType: DataType): boolean {
  return dataType === int32 || dataType === DataType.DT_INT64 || dataType === DataType.DT_FLOAT;
}

interface Varying extends ConstantUse {
  readonly dataType: DataType;
  readonly each: readonly { readonly shape: readonly number[]; readonly values: Elements }[];
  readonly sources: readonly SizeSource[];
}

/** Elements that `===` compares; strings by their bytes. */
type Elements = ArrayLike<number | bigint | string>;

/** Numbers in a typed array stay there: there may be a million, and each trace has them. */
function elements(values: ConstantValues): Elements {
  if (ArrayBuffer.isView(values)) return values as unknown as ArrayLike<number>;
  const given = values as ArrayLike<number | bigint | Uint8Array>;
  const all = new Array<number | bigint | string>(given.length);
  for (let i = 0; i < all.length; i += 1) {
    const value = given[i] ?? 0;
    all[i] = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  }
  return all;
}

/** Whether all elements are a value. A loop: `some` with a function takes several times as long for a million. */
function isFilled(values: Elements, value: Elements[number]): boolean {
  let i = 0;
  while (i < values.length && Object.is(values[i], value)) i += 1;
  return i === values.length;
}

function isSameConstant(a: ConstantNode, b: ConstantNode): boolean {
  return sameArray(a.outputs[0]?.shape ?? [], b.outputs[0]?.shape ?? []) && sameValues(a.values, b.values);
}

/** Compares numbers by their bytes: a constant may hold millions, and each trace has it. */
function sameValues(a: ConstantValues, b: ConstantValues): boolean {
  return sameBytes(a, b) ?? sameArray(elements(a), elements(b));
}

function sameArray(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!Object.is(a[i], b[i])) return false;
  return true;
}

function unexplained({ dataType, each, takenBy }: Varying): SignetError {
  const examples = each.slice(0, 3).map(({ shape, values }) => `[${shape.join(', ')}] of ${firstOf(values)}`);
  return new SignetError(
    'NOT_TRACEABLE',
    `A constant (${dataTypeName(dataType)}) that goes into ${takenBy} is another at every trace, and no input size explains it: ` +
      `${examples.join('; ')}. Either JavaScript draws it at random, as tf.randomUniform and tf.truncatedNormal do (draw with ` +
      `randomUniform or randomNormal of signet-ml, which draw at every call, or outside of the tf function), or it is computed in ` +
      `JavaScript from sizes (${insteadOf(takenBy)}).`,
  );
}

/** The first elements, as a person reads them. */
function firstOf(values: Elements): string {
  const first = Array.from({ length: Math.min(3, values.length) }, (_, i) => values[i] ?? 0);
  const shown = first.map((value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value));
  return [...shown, ...(values.length > 3 ? ['...'] : [])].join(', ') || 'nothing';
}
