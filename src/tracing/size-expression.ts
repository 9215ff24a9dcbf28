import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';

/** A tensor whose sizes a graph can ask for when it runs, with its shape in each trace. */
export interface SizeSource {
  /** The tensor's name in the graph being made. */
  readonly tensor: string;
  readonly dataType: DataType;
  readonly shapes: readonly (readonly number[])[];
}

/** One dimension of a source. */
export interface SourceDimension {
  readonly source: SizeSource;
  readonly axis: number;
}

/** The int32 ops of TensorFlow that sizes are computed with. */
export type SizeOp = 'AddV2' | 'Sub' | 'Mul' | 'FloorDiv' | 'FloorMod' | 'Minimum' | 'Maximum';

/** A size as the graph can compute it: a number, a dimension, or an op of two sizes. */
export type SizeExpression = number | SourceDimension | SizeOperation;

export interface SizeOperation {
  readonly op: SizeOp;
  readonly a: SizeExpression;
  readonly b: SizeExpression;
}

const functions: Readonly<Record<SizeOp, (a: number, b: number) => number>> = {
  AddV2: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  FloorDiv: (a, b) => Math.floor(a / b),
  FloorMod: (a, b) => a - b * Math.floor(a / b),
  Minimum: Math.min,
  Maximum: Math.max,
};

/** Joins two sizes; what changes nothing, such as adding 0, is left out. */
export function sizeOperation(op: SizeOp, a: SizeExpression, b: SizeExpression): SizeExpression {
  if (typeof a === 'number' && typeof b === 'number') return functions[op](a, b);
  if (b === 0 && (op === 'AddV2' || op === 'Sub')) return a;
  if (b === 1 && (op === 'Mul' || op === 'FloorDiv')) return a;
  return { op, a, b };
}

/** The value of a size, given those of the dimensions. */
export function evaluateSize(size: SizeExpression, sizeOf: (dimension: SourceDimension) => number): number {
  if (typeof size === 'number') return size;
  if ('axis' in size) return sizeOf(size);
  return functions[size.op](evaluateSize(size.a, sizeOf), evaluateSize(size.b, sizeOf));
}

/** The dimensions that a size is computed from, in the order they appear. */
export function dimensionsOf(size: SizeExpression): SourceDimension[] {
  if (typeof size === 'number') return [];
  return 'axis' in size ? [size] : [...dimensionsOf(size.a), ...dimensionsOf(size.b)];
}
