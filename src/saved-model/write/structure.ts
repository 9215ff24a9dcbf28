import type { TensorShapeProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_shape_pb.js';
import type { StructuredValue } from '../../tensorflow/protos/tensorflow/core/protobuf/struct_pb.js';
import { elementTypeName } from '../checkpoint/element-type.js';
import { jsonText } from '../../text/printable.js';

/** Sizes from the outermost dimension inwards, `null` for a size that only a call knows; `null` instead of the list for any rank. */
export type ShapeDescription = readonly (number | null)[] | null;

/** What an argument or a result of a function is: tensors, and Python's values around them. Plain JSON. */
export type Structure =
  | { readonly kind: 'tensor'; readonly name: string; readonly dtype: string; readonly shape: ShapeDescription }
  | { readonly kind: 'int' | 'float'; readonly value: number | string }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Structure[] }
  | { readonly kind: 'dict'; readonly fields: Readonly<Record<string, Structure>> }
  | { readonly kind: 'namedtuple'; readonly name: string; readonly fields: Readonly<Record<string, Structure>> }
  /** A shape, a dtype, or a type such as `RaggedTensorSpec`. */
  | { readonly kind: 'other'; readonly text: string };

/** Sizes of a shape in a protocol buffer; a missing shape means a scalar, as in TensorFlow. */
export function shapeOfProto(shape: TensorShapeProto | undefined): ShapeDescription {
  if (shape?.unknownRank) return null;
  return (shape?.dim ?? []).map(({ size }) => (size < 0n ? null : Number(size)));
}

/** `float32[?, 3]`, the form of TensorSpec; `float32[...]` for any rank. */
export function tensorText(dtype: string, shape: ShapeDescription): string {
  return `${dtype}[${shape === null ? '...' : shape.map((size) => size ?? '?').join(', ')}]`;
}

/**
 * A Python value as a SavedModel stores it; see `nested_structure_coder.py` of TensorFlow.
 *
 * Even a hostile one is not nested deeper than the 100 messages that a reader of protocol buffers accepts.
 */
export function structureOf(value: StructuredValue | undefined): Structure {
  const kind = value?.kind;
  switch (kind?.case) {
    case 'tensorSpecValue':
    case 'boundedTensorSpecValue': {
      const { name, dtype, shape } = kind.value;
      return { kind: 'tensor', name, dtype: elementTypeName(dtype), shape: shapeOfProto(shape) };
    }
    case 'int64Value':
      return { kind: 'int', value: Number.isSafeInteger(Number(kind.value)) ? Number(kind.value) : String(kind.value) };
    case 'float64Value':
      // JSON has no NaN and no infinity.
      return { kind: 'float', value: Number.isFinite(kind.value) ? kind.value : String(kind.value) };
    case 'boolValue':
      return { kind: 'bool', value: kind.value };
    case 'stringValue':
      return { kind: 'string', value: kind.value };
    case 'listValue':
      return { kind: 'list', items: kind.value.values.map(structureOf) };
    case 'tupleValue':
      return { kind: 'tuple', items: kind.value.values.map(structureOf) };
    case 'dictValue':
      return { kind: 'dict', fields: mapFields(Object.entries(kind.value.fields)) };
    case 'namedTupleValue': {
      const pairs = kind.value.values.map((pair) => [pair.key, pair.value] as const);
      return { kind: 'namedtuple', name: kind.value.name, fields: mapFields(pairs) };
    }
    case 'tensorShapeValue':
      return { kind: 'other', text: `TensorShape${tensorText('', shapeOfProto(kind.value))}` };
    case 'tensorDtypeValue':
      return { kind: 'other', text: `tf.${elementTypeName(kind.value)}` };
    case 'typeSpecValue': {
      const { typeState, typeSpecClassName } = kind.value;
      return { kind: 'other', text: `${typeSpecClassName}(${pythonText(structureOf(typeState))})` };
    }
    case 'tensorValue':
    case 'numpyValue':
      return { kind: 'other', text: 'array(...)' };
    default:
      return { kind: 'none' };
  }
}

function mapFields(fields: readonly (readonly [string, StructuredValue | undefined])[]): Record<string, Structure> {
  return Object.fromEntries(fields.map(([key, value]) => [key, structureOf(value)]));
}

/** As Python writes it, with `float32[?, 3]` for a tensor: `(float32[2], 'fast', None)`. */
export function pythonText(structure: Structure): string {
  switch (structure.kind) {
    case 'tensor':
      return tensorText(structure.dtype, structure.shape);
    case 'int':
      return String(structure.value);
    case 'float':
      return Number.isInteger(structure.value) ? `${structure.value}.0` : String(structure.value);
    case 'bool':
      return structure.value ? 'True' : 'False';
    case 'string':
      return jsonText(structure.value);
    case 'none':
      return 'None';
    case 'list':
      return `[${structure.items.map(pythonText).join(', ')}]`;
    case 'tuple':
      return `(${structure.items.map(pythonText).join(', ')}${structure.items.length === 1 ? ',' : ''})`;
    case 'dict':
      return `{${fieldTexts(structure.fields, ': ').join(', ')}}`;
    case 'namedtuple':
      return `${structure.name}(${fieldTexts(structure.fields, '=').join(', ')})`;
    case 'other':
      return structure.text;
  }
}

function fieldTexts(fields: Readonly<Record<string, Structure>>, separator: string): string[] {
  return Object.entries(fields).map(([key, value]) => `${key}${separator}${pythonText(value)}`);
}
