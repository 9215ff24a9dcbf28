import { SignetError } from '../errors.js';
import type { AttrValue } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from './attr-value.js';
import { type OpArgument, type OpEntry, opRegistry } from './op-registry.js';

export type Attributes = Readonly<Record<string, AttrValue>>;

/** TensorFlow's declaration of an op. @throws SignetError `NOT_TRACEABLE` for an op it does not have. */
export function opEntry(op: string): OpEntry {
  const entry = Object.hasOwn(opRegistry, op) ? opRegistry[op] : undefined;
  if (!entry) throw new SignetError('NOT_TRACEABLE', `TensorFlow has no op "${op}".`);
  return entry;
}

/**
 * Adds the attributes that eager execution infers from the inputs and a graph must be told: element types and lists'
 * lengths.
 */
export function completeAttributes(op: string, attributes: Attributes, inputTypes: readonly DataType[]): Attributes {
  const [inputs, , , defaults = {}] = opEntry(op);
  const complete: Record<string, AttrValue> = { ...attributes };
  let position = 0;
  for (const [, type, lengthAttribute] of inputs) {
    const isLast = inputs.at(-1)?.[1] === type;
    const count = argumentLength(type, lengthAttribute, complete, isLast ? inputTypes.length - position : 1);
    const types = inputTypes.slice(position, position + count);
    if (lengthAttribute !== '') complete[lengthAttribute] ??= attr.int(count);
    if (typeof type === 'string') {
      if (type.startsWith('*')) complete[type.slice(1)] ??= attr.types(types);
      else if (types[0] !== undefined) complete[type] ??= attr.type(types[0]);
    }
    position += count;
  }
  for (const [name, type] of Object.entries(defaults)) complete[name] ??= attr.type(type);
  return complete;
}

function argumentLength(type: OpArgument[1], lengthAttribute: string, known: Attributes, remaining: number): number {
  if (lengthAttribute !== '') {
    const length = known[lengthAttribute]?.value;
    return length?.case === 'i' ? Number(length.value) : remaining;
  }
  if (typeof type === 'string' && type.startsWith('*')) return listTypes(known[type.slice(1)])?.length ?? remaining;
  return 1;
}

/** An op with all its attributes, and its types. */
export interface CompleteOp {
  readonly attributes: Attributes;
  readonly inputTypes: readonly DataType[];
  readonly outputTypes: readonly DataType[];
}

/** What follows from an op, the attributes that it was given and the types of its inputs; equal arguments give the same object. */
export function completeOp(op: string, given: Attributes, types: readonly DataType[]): CompleteOp {
  const all = completeOps.get(given) ?? new Map<string, CompleteOp>();
  const key = `${op} ${types.join()}`;
  const known = all.get(key);
  if (known) return known;
  const attributes = completeAttributes(op, given, types);
  const complete = { attributes, inputTypes: inputTypes(op, attributes), outputTypes: outputTypes(op, attributes) };
  completeOps.set(given, all.set(key, complete));
  return complete;
}

const completeOps = new WeakMap<Attributes, Map<string, CompleteOp>>();

/** The element type of each input, as the op declares it. */
export function inputTypes(op: string, attributes: Attributes): DataType[] {
  return opEntry(op)[0].flatMap((argument) => argumentTypes(argument, attributes));
}

/** The element type of each output, as the op declares it. */
export function outputTypes(op: string, attributes: Attributes): DataType[] {
  return opEntry(op)[1].flatMap((argument) => argumentTypes(argument, attributes));
}

/**
 * The name of an op's output inside a FunctionDef, without the node: `output:0`, and `output:2` in a list.
 *
 * Source: the comment of `FunctionDef.node_def` in tensorflow/core/framework/function.proto.
 */
export function outputName(op: string, attributes: Attributes, output: number): string {
  let position = 0;
  for (const argument of opEntry(op)[1]) {
    const count = argumentTypes(argument, attributes).length;
    if (output < position + count) return `${argument[0]}:${output - position}`;
    position += count;
  }
  throw new SignetError('NOT_TRACEABLE', `The op ${op} has ${position} outputs. Received: output ${output}.`);
}

function argumentTypes([, type, lengthAttribute]: OpArgument, attributes: Attributes): DataType[] {
  if (typeof type === 'string' && type.startsWith('*')) return listTypes(attributes[type.slice(1)]) ?? [];
  const value = typeof type === 'number' ? undefined : attributes[type]?.value;
  const dataType = typeof type === 'number' ? type : value?.case === 'type' ? value.value : DataType.DT_INVALID;
  const length = attributes[lengthAttribute]?.value;
  return new Array<DataType>(length?.case === 'i' ? Number(length.value) : 1).fill(dataType);
}

function listTypes(attribute: AttrValue | undefined): DataType[] | undefined {
  return attribute?.value.case === 'list' ? attribute.value.value.type : undefined;
}
