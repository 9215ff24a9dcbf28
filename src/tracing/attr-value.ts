import { create } from '@bufbuild/protobuf';

import { backend, type BindingAttribute } from '../tensorflow/backend.js';
import { type AttrValue, AttrValueSchema } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { ReadAttribute } from '../tensorflow/sliding-window.js';

/** A TensorShapeProto as a literal: -1 for an unknown size, null for an unknown rank. */
export function shapeProto(sizes: readonly number[] | null) {
  if (sizes === null) return { unknownRank: true };
  return { dim: sizes.map((size) => ({ size: BigInt(size) })) };
}

/** Nearly all attributes are one of a few types, numbers and bools, and are never changed: creating each of them again takes time. */
const made = new Map<string, AttrValue>();

function kept(key: string, value: () => AttrValue['value']): AttrValue {
  const known = made.get(key) ?? create(AttrValueSchema, { value: value() });
  if (made.size < mostKept) made.set(key, known);
  return known;
}

const mostKept = 1000;

/** AttrValues by their kinds. */
export const attr = {
  type: (value: DataType) => kept(`type ${value}`, () => ({ case: 'type', value })),
  types: (type: readonly DataType[]) =>
    create(AttrValueSchema, { value: { case: 'list', value: { type: [...type] } } }),
  int: (value: number) => kept(`int ${value}`, () => ({ case: 'i', value: BigInt(value) })),
  float: (value: number) => create(AttrValueSchema, { value: { case: 'f', value } }),
  bool: (value: boolean) => kept(`bool ${value}`, () => ({ case: 'b', value })),
  string: (value: string) => create(AttrValueSchema, { value: { case: 's', value: Buffer.from(value) } }),
  shape: (sizes: readonly number[] | null) =>
    create(AttrValueSchema, { value: { case: 'shape', value: shapeProto(sizes) } }),
  shapes: (shapes: readonly (readonly number[] | null)[]) =>
    create(AttrValueSchema, { value: { case: 'list', value: { shape: shapes.map(shapeProto) } } }),
  func: (name: string) => create(AttrValueSchema, { value: { case: 'func', value: { name } } }),
};

/** The AttrValue of an attribute as tfjs-node's kernels hand it to the binding. */
export function attrValueOf({ name, type, value }: BindingAttribute): AttrValue {
  const { binding } = backend;
  switch (type) {
    case binding.TF_ATTR_STRING:
      return attr.string(String(value));
    case binding.TF_ATTR_INT:
      // The binding takes a float for an int, such as the seed that `tf.multinomial` draws, and truncates it.
      return Array.isArray(value) ? listOf('i', value.map(BigInt)) : attr.int(Math.trunc(Number(value)));
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value) ? listOf('f', value.map(Number)) : attr.float(Number(value));
    case binding.TF_ATTR_BOOL:
      return Array.isArray(value) ? listOf('b', value.map(Boolean)) : attr.bool(Boolean(value));
    case binding.TF_ATTR_TYPE:
      return attr.type(Number(value));
    case binding.TF_ATTR_SHAPE:
      return attr.shape(value as number[]);
    default:
      throw new Error(`tfjs-node gave the attribute "${name}" a kind that it does not document: ${type}.`);
  }
}

/** The AttrValues of attributes as tfjs-node's kernels hand them to the binding, the same object for the same attributes. */
export function attrValuesOf(attributes: readonly BindingAttribute[]): Readonly<Record<string, AttrValue>> {
  const key = attributes.map(keyOf).join();
  const known = madeTogether.get(key);
  if (known) return known;
  const values = Object.fromEntries(attributes.map((attribute) => [attribute.name, attrValueOf(attribute)]));
  if (madeTogether.size < mostKept) madeTogether.set(key, values);
  return values;
}

const madeTogether = new Map<string, Readonly<Record<string, AttrValue>>>();

function keyOf({ name, type, value }: BindingAttribute): string {
  // JSON has neither -0 nor NaN nor infinities.
  return `${name} ${type} ${typeof value === 'number' ? (Object.is(value, -0) ? '-0' : value) : JSON.stringify(value)}`;
}

function listOf(field: 'i' | 'f' | 'b', values: unknown[]): AttrValue {
  return create(AttrValueSchema, { value: { case: 'list', value: { [field]: values } } });
}

/** Reads attributes as `slidingWindow` asks for them. */
export function attributeReader(attributes: Readonly<Record<string, AttrValue>>): ReadAttribute {
  return {
    numbers: (name) => {
      const value = attributes[name]?.value;
      return value?.case === 'list' ? value.value.i.map(Number) : undefined;
    },
    text: (name) => {
      const value = attributes[name]?.value;
      return value?.case === 's' ? Buffer.from(value.value).toString() : undefined;
    },
  };
}
