import { create } from '@bufbuild/protobuf';

import { dataTypeOf } from '../tensorflow/data-type.js';
import { type FunctionDef, FunctionDefSchema } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from '../tracing/attr-value.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';

/** The FunctionDef of a signature. TensorFlow tells it from the method that it calls, since one is called by keyword. */
export function wrapperName(signature: string): string {
  return `__inference_signature_wrapper_${signature}`;
}

/** The attributes of a node that calls `fn`. */
export function callAttributes(fn: ConcreteFunction, name: string) {
  return {
    Tin: attr.types([
      ...fn.inputs.map(({ spec }) => dataTypeOf(spec.dtype)),
      ...fn.captures.map(() => DataType.DT_RESOURCE),
    ]),
    Tout: attr.types(fn.outputs.map(({ spec }) => dataTypeOf(spec.dtype))),
    f: attr.func(name),
  };
}

/** The function behind a signature: it calls the method and gives its results. */
export function signatureWrapper(signature: string, fn: ConcreteFunction): FunctionDef {
  const inner = fn.definition.signature;
  const call = 'StatefulPartitionedCall';
  return create(FunctionDefSchema, {
    signature: {
      name: wrapperName(signature),
      inputArg: inner?.inputArg ?? [],
      outputArg: fn.outputs.map(({ name, spec }) => ({ name, type: dataTypeOf(spec.dtype) })),
      isStateful: true,
      controlOutput: [call],
    },
    nodeDef: [
      {
        name: call,
        op: call,
        input: (inner?.inputArg ?? []).map(({ name }) => name),
        attr: callAttributes(fn, fn.name),
      },
    ],
    ret: Object.fromEntries(fn.outputs.map(({ name }, i) => [name, `${call}:output:${i}`])),
    controlRet: { [call]: call },
  });
}
