import { create } from '@bufbuild/protobuf';

import type { AttrValue } from '../../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { type NodeDef, NodeDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from '../../tracing/attr-value.js';
import { type Attributes, outputName } from '../../tracing/op-signature.js';
import { tensorAttribute } from '../../tracing/tensor-proto.js';

const int32 = attr.type(DataType.DT_INT32);

/** The nodes of a graph or of a function, to which guards are added. */
export interface GuardedNodes {
  readonly nodes: NodeDef[];
  /** Names that are in use. */
  readonly names: Set<string>;
  /** Functions name the outputs of their nodes `node:output_arg:0`, graphs `node:0` or `node`. */
  readonly isFunction: boolean;
}

/** Adds the nodes that guard one node. Sizes are int32; methods return the name of the added node's output for nodes that take it. */
export class GuardNodes {
  constructor(
    private readonly all: GuardedNodes,
    private readonly guarded: NodeDef,
  ) {}

  /** The type of the guarded node's tensors. */
  get type(): AttrValue {
    const { attr: attributes, op } = this.guarded;
    return attributes.T ?? attr.type(op === 'EncodePng' ? DataType.DT_UINT8 : DataType.DT_FLOAT);
  }

  /** Lets the guarded node take its input only once every number of the vector `values` is at least `least`. */
  assertAtLeast(input: number, type: AttrValue, values: string, least: string, message: string): void {
    const isEnough = this.binary('GreaterEqual', values, least);
    const all = this.add('All', [isEnough, this.constant([0])], { Tidx: int32 });
    const text = tensorAttribute(DataType.DT_STRING, [], [Buffer.from(message)]).attribute;
    const string = attr.type(DataType.DT_STRING);
    const assertion = this.#node('Assert', [all, this.add('Const', [], { dtype: string, value: text }), values], {
      T: attr.types([DataType.DT_STRING, DataType.DT_INT32]),
      summarize: attr.int(5),
    });
    // Before an Identity, not before the op: TensorFlow fuses no op that waits for another.
    const { guarded } = this;
    const checked = this.add('Identity', [guarded.input[input] ?? '', `^${assertion}`], { T: type });
    guarded.input = guarded.input.with(input, checked);
  }

  /** The sizes of a tensor of the guarded node's type. */
  shape(tensor: string): string {
    return this.add('Shape', [tensor], { T: this.type, out_type: int32 });
  }

  rank(tensor: string): string {
    return this.add('Rank', [tensor], { T: this.type });
  }

  /** Elements of a vector, at the positions that a vector or a scalar has. */
  gather(vector: string, positions: string): string {
    return this.add('GatherV2', [vector, positions, this.constant(0)], {
      Tparams: int32,
      Tindices: int32,
      Taxis: int32,
    });
  }

  binary(op: string, a: string, b: string): string {
    return this.add(op, [a, b], { T: int32 });
  }

  /** 1 for true and 0 for false. */
  toInt(condition: string): string {
    return this.add('Cast', [condition], { SrcT: attr.type(DataType.DT_BOOL), DstT: int32 });
  }

  /** A scalar or a vector. */
  constant(value: number | readonly number[]): string {
    const [shape, values] = typeof value === 'number' ? [[], [value]] : [[value.length], value];
    return this.add('Const', [], { dtype: int32, value: tensorAttribute(DataType.DT_INT32, shape, values).attribute });
  }

  /** Adds a node of one output. */
  add(op: string, input: readonly string[], attributes: Attributes): string {
    const name = this.#node(op, input, attributes);
    return this.all.isFunction ? `${name}:${outputName(op, attributes, 0)}` : name;
  }

  #node(op: string, input: readonly string[], attributes: Attributes): string {
    const { nodes, names } = this.all;
    const base = `${this.guarded.name}/guard`;
    let name = base;
    for (let i = 1; names.has(name); i++) name = `${base}_${i}`;
    names.add(name);
    const { device } = this.guarded;
    nodes.push(create(NodeDefSchema, { name, op, input: [...input], attr: { ...attributes }, device }));
    return name;
  }
}
