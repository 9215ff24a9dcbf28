import { toBinary } from '@bufbuild/protobuf';

import { type FunctionDef, FunctionDefSchema } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type * as tf from '../tensorflow/tf.js';
import type { TensorSpec } from './tensor-spec.js';

/** An argument or a result with its name. */
export interface NamedSpec {
  readonly name: string;
  readonly spec: TensorSpec;
}

/** What a ConcreteFunction is made of. */
export interface ConcreteFunctionParts {
  readonly definition: FunctionDef;
  readonly inputs: readonly NamedSpec[];
  /** In the order of their names. */
  readonly outputs: readonly NamedSpec[];
  /** The variables that follow the inputs as arguments of the definition. */
  readonly captures: readonly tf.Variable[];
  /** Functions that the definition's nodes call. */
  readonly functions: readonly ConcreteFunction[];
  /** Whether the tf function returned a tensor by itself rather than an object of tensors. */
  readonly returnsOneTensor: boolean;
}

/**
 * A tf function as a graph: what is exported, compiled, trained and served.
 *
 * Prints as `predict_bytes_image(image_bytes_string: string[?]) -> (output_0: float32[?, 10])`.
 */
export class ConcreteFunction {
  readonly definition: FunctionDef;
  readonly inputs: readonly NamedSpec[];
  readonly outputs: readonly NamedSpec[];
  readonly captures: readonly tf.Variable[];
  readonly functions: readonly ConcreteFunction[];
  readonly returnsOneTensor: boolean;

  constructor(parts: ConcreteFunctionParts) {
    this.definition = parts.definition;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.captures = parts.captures;
    this.functions = parts.functions;
    this.returnsOneTensor = parts.returnsOneTensor;
  }

  /** The name of the FunctionDef, unique in a graph. */
  get name(): string {
    return this.definition.signature?.name ?? '';
  }

  /** This function and every function that it calls, each once, as the library of a graph needs them. */
  get library(): ConcreteFunction[] {
    const all = new Map<string, ConcreteFunction>();
    for (const fn of this.functions) for (const inner of fn.library) all.set(inner.name, inner);
    return [...all.values(), this];
  }

  toString(): string {
    const list = (specs: readonly NamedSpec[]) => specs.map(({ name, spec }) => `${name}: ${spec}`).join(', ');
    return `${this.name}(${list(this.inputs)}) -> (${list(this.outputs)})`;
  }

  /** The definition's bytes: equal for functions that compute the same in the same way under the same name. */
  toBytes(): Uint8Array {
    return toBinary(FunctionDefSchema, this.definition);
  }
}
