import { create } from '@bufbuild/protobuf';

import { contentBytes } from '../saved-model/read/tensor-proto-value.js';
import { dataTypeOf } from '../tensorflow/data-type.js';
import { type NodeDef, NodeDefSchema } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { type TensorProto, TensorProtoSchema } from '../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import { attr, shapeProto } from '../tracing/attr-value.js';
import type { FlatTensor } from './flat-graph.js';

/** Makes the node of an input. */
export function placeholder({ name, spec }: Pick<FlatTensor, 'name' | 'spec'>): NodeDef {
  const attributes = { dtype: attr.type(dataTypeOf(spec.dtype)), shape: attr.shape(spec.sizes) };
  return create(NodeDefSchema, { name, op: 'Placeholder', attr: attributes });
}

/** Makes the node of a constant. */
export function constantNode(name: string, value: TensorValue): NodeDef {
  const tensor: TensorProto = tensorProtoOf(value);
  const attributes = { dtype: attr.type(tensor.dtype), value: { value: { case: 'tensor' as const, value: tensor } } };
  return create(NodeDefSchema, { name, op: 'Const', attr: attributes });
}

function tensorProtoOf({ dtype, shape, values }: TensorValue): TensorProto {
  const content =
    dtype === 'string'
      ? { stringVal: [...(values as readonly Uint8Array[])] }
      : { tensorContent: contentBytes(dtype, values) };
  return create(TensorProtoSchema, { dtype: dataTypeOf(dtype), tensorShape: shapeProto(shape), ...content });
}
