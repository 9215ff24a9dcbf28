import { SignetError } from '../errors.js';
import { dataTypeName } from '../tensorflow/data-type.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from './attr-value.js';
import { explainSize, type SizeSource } from './explain-size.js';
import type { FunctionDefBuilder } from './function-def-builder.js';
import type { ConstantNode, ConstantValues } from './tape.js';

const int32 = DataType.DT_INT32;

/** Adds constants to a graph. One that differs between the traces is computed from sizes when the graph runs. */
export class ConstantEmitter {
  constructor(private readonly builder: FunctionDefBuilder) {}

  /**
   * @param constants The constant in each trace.
   * @param sources Tensors whose sizes may explain a difference, the likeliest first.
   * @param context What messages say of the constant.
   * @returns The tensor's name.
   * @throws SignetError `NOT_TRACEABLE` when no size explains the difference.
   */
  emit(constants: readonly ConstantNode[], sources: readonly SizeSource[], context: { takenBy: string }): string {
    const [first] = constants;
    const info = first?.outputs[0];
    if (!first || !info) throw new Error('unreachable: a constant is on every tape');
    const each = constants.map((constant) => ({
      shape: constant.outputs[0]?.shape ?? [],
      values: elements(constant.values),
    }));
    if (each.every(({ shape, values }) => sameArray(shape, info.shape) && sameArray(values, elements(first.values)))) {
      return this.builder.constant(info.dataType, info.shape, first.values);
    }
    const varying = { dataType: info.dataType, each, sources, takenBy: context.takenBy };
    const emitted = this.#sizes(varying) ?? this.#scalar(varying) ?? this.#filled(varying) ?? this.#range(varying);
    if (emitted === null) throw unexplained(varying);
    return emitted;
  }

  /** A vector of sizes, as `Reshape` and `Slice` take it. */
  #sizes({ dataType, each, sources, takenBy }: Varying): string | null {
    const length = each[0]?.values.length ?? 0;
    if (dataType !== int32 || each.some(({ shape }) => shape.length !== 1 || shape[0] !== length)) return null;
    const columns = Array.from({ length }, (_, i) => each.map(({ values }) => Number(values[i])));
    const varying = columns.filter((column) => column.some((size) => size !== column[0]));
    // A reshape keeps the number of elements, so its only unknown size follows from the others.
    const hasOpenSize = columns.some(([size]) => size === -1);
    if (takenBy === 'Reshape' && varying.length === 1 && !hasOpenSize) {
      const shape = columns.map((column) => (column === varying[0] ? -1 : (column[0] ?? 0)));
      return this.builder.constant(int32, [length], shape);
    }
    const sizes = columns.map((column) => explainSize(column, sources));
    if (sizes.some((size) => size === null)) return null;
    return this.builder.pack(
      sizes.flatMap((size) => (size ? [this.builder.size(size)] : [])),
      int32,
    );
  }

  /** A number such as the count in a mean, or its reciprocal. */
  #scalar({ dataType, each, sources }: Varying): string | null {
    if (each.some(({ shape }) => shape.length !== 0) || dataType === DataType.DT_STRING) return null;
    const values = each.map((constant) => Number(constant.values[0]));
    const size = values.every(Number.isInteger) ? explainSize(values, sources) : null;
    if (size) return this.#cast(this.builder.size(size), dataType);
    const inverted = values.map((value) => Math.round(1 / value));
    const isReciprocal = values.every((value, i) => value === Math.fround(1 / (inverted[i] ?? NaN)));
    const divisor = isReciprocal ? explainSize(inverted, sources) : null;
    if (!divisor) return null;
    return this.builder.op('Reciprocal', [this.#cast(this.builder.size(divisor), dataType)], {
      T: attr.type(dataType),
    });
  }

  /** Zeros, ones or another single value in a shape that depends on sizes. */
  #filled({ dataType, each, sources }: Varying): string | null {
    const [value] = each[0]?.values ?? [];
    const rank = each[0]?.shape.length ?? 0;
    if (
      value === undefined ||
      each.some(({ shape, values }) => shape.length !== rank || values.some((v) => v !== value))
    ) {
      return null;
    }
    const sizes = Array.from({ length: rank }, (_, axis) =>
      explainSize(
        each.map(({ shape }) => shape[axis] ?? 0),
        sources,
      ),
    );
    if (sizes.some((size) => size === null)) return null;
    const shape = this.builder.pack(
      sizes.flatMap((size) => (size ? [this.builder.size(size)] : [])),
      int32,
    );
    const fill = this.builder.constant(dataType, [], [value] as ConstantValues);
    return this.builder.op('Fill', [shape, fill], { T: attr.type(dataType), index_type: attr.type(int32) });
  }

  /** Numbers at equal steps from the same start, up to a length that depends on sizes. */
  #range({ dataType, each, sources }: Varying): string | null {
    const [start, second] = (each[0]?.values ?? []).map(Number);
    if (start === undefined || second === undefined || each.some(({ shape }) => shape.length !== 1)) return null;
    const step = second - start;
    const isRange = each.every(({ values }) => values.every((value, i) => Number(value) === start + i * step));
    const length = isRange
      ? explainSize(
          each.map(({ values }) => values.length),
          sources,
        )
      : null;
    if (!length || !Number.isInteger(start) || !Number.isInteger(step)) return null;
    const scalar = (value: number) => this.builder.constant(int32, [], [value]);
    const counted = this.builder.op('Range', [scalar(0), this.builder.size(length), scalar(1)], {
      Tidx: attr.type(int32),
    });
    const scaled = this.builder.op('Mul', [counted, scalar(step)], { T: attr.type(int32) });
    return this.#cast(this.builder.op('AddV2', [scaled, scalar(start)], { T: attr.type(int32) }), dataType);
  }

  #cast(tensor: string, dataType: DataType): string {
    if (dataType === int32) return tensor;
    return this.builder.op('Cast', [tensor], { SrcT: attr.type(int32), DstT: attr.type(dataType) });
  }
}

interface Varying {
  readonly dataType: DataType;
  readonly each: readonly {
    readonly shape: readonly number[];
    readonly values: readonly (number | bigint | string)[];
  }[];
  readonly sources: readonly SizeSource[];
  readonly takenBy: string;
}

/** Elements that `===` compares; strings by their bytes. */
function elements(values: ConstantValues): (number | bigint | string)[] {
  return Array.from(values as ArrayLike<number | bigint | Uint8Array>, (value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
}

function sameArray(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function unexplained({ dataType, each, takenBy }: Varying): SignetError {
  const shapes = each.map(({ shape }) => `[${shape.join(', ')}]`);
  const values = each.map((constant) => constant.values.slice(0, 4).map(String).join(', '));
  return new SignetError(
    'NOT_TRACEABLE',
    `A constant (${dataTypeName(dataType)}) that goes into ${takenBy} is another at every trace, and no input size explains it: ` +
      `shapes ${shapes.join(', ')}; first values ${values.join(' / ')}. Either it is drawn at random in JavaScript (draw it ` +
      'outside of the tf function), or it is computed in JavaScript from sizes (compute it with tensors).',
  );
}
