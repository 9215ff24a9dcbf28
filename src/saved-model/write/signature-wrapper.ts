import { create } from '@bufbuild/protobuf';

import { dataTypeOf } from '../../tensorflow/data-type.js';
import { type FunctionDef, FunctionDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { Asset } from '../../tracing/asset.js';
import { attr } from '../../tracing/attr-value.js';
import { type ConcreteFunction, mustCompile } from '../../tracing/concrete-function.js';
import type { SignatureExport } from './signature-export.js';

/** The FunctionDef of a signature. It differs from the method that it calls, since a signature is called by keyword. */
export function wrapperName(signature: string): string {
  return `__inference_signature_wrapper_${signature}`;
}

/** The attributes of a node that calls the wrapper, or of the one in it that calls the function. */
export function callAttributes(
  { captures }: ConcreteFunction,
  inputs: SignatureExport['inputs'],
  outputs: SignatureExport['outputs'],
  name: string,
) {
  return {
    Tin: attr.types([
      ...inputs.map(({ spec }) => dataTypeOf(spec.dtype)),
      ...captures.map((capture) => (capture instanceof Asset ? DataType.DT_STRING : DataType.DT_RESOURCE)),
    ]),
    Tout: attr.types(outputs.map(({ spec }) => dataTypeOf(spec.dtype))),
    f: attr.func(name),
  };
}

/** The function behind a signature: it calls the method and returns the results that the signature declares. */
export function signatureWrapper({ key, fn, inputs, outputs }: SignatureExport): FunctionDef {
  const args = fn.definition.signature?.inputArg ?? [];
  const captured = args.slice(fn.inputs.length);
  const named = inputs.flatMap(({ name }) => args[fn.inputs.findIndex((input) => input.name === name)] ?? []);
  const call = 'StatefulPartitionedCall';
  const all = fn.outputs.map((output, position) => ({ ...output, position }));
  return create(FunctionDefSchema, {
    signature: {
      name: wrapperName(key),
      inputArg: [...named, ...captured],
      outputArg: outputs.map(({ name, spec }) => ({ name, type: dataTypeOf(spec.dtype) })),
      isStateful: true,
      controlOutput: [call],
    },
    // Python gives its functions' arguments these shapes; tf2onnx treats a missing shape as a scalar's.
    argAttr: Object.fromEntries(
      inputs.map(({ spec }, i) => [i, { attr: { _output_shapes: attr.shapes([spec.sizes]) } }]),
    ),
    nodeDef: [
      {
        name: call,
        op: call,
        input: args.map(({ name }) => name),
        attr: {
          ...callAttributes(fn, fn.inputs, all, fn.name),
          ...(fn.isJitCompiled && { [mustCompile]: attr.bool(true) }),
        },
      },
    ],
    ret: Object.fromEntries(outputs.map(({ name, position }) => [name, `${call}:output:${position}`])),
    controlRet: { [call]: call },
  });
}
