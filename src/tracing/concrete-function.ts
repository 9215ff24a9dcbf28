import { createHash } from 'node:crypto';

import { clone, create, toBinary } from '@bufbuild/protobuf';

import { AttrValueSchema } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { type FunctionDef, FunctionDefSchema } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../tensorflow/tf.js';
import { Asset } from './asset.js';
import type { SizeExpression } from './size-expression.js';
import type { TensorSpec } from './tensor-spec.js';

/** The attribute that tells TensorFlow, on a function and on a node that calls it: compiler/jit/defs.cc. */
export const mustCompile = '_XlaMustCompile';

/** An argument or a result with its name. */
export interface NamedSpec {
  /** Name of the argument or result. */
  readonly name: string;
  /** Its element type and shape. */
  readonly spec: TensorSpec;
}

/** What a function uses in addition to its arguments, and a SavedModel stores for it. */
export type Capture = tf.Variable | Asset;

/** Shapes of arguments as a key. */
export function shapesKey(shapes: readonly (readonly number[])[]): string {
  return JSON.stringify(shapes);
}

/** The type of a tensor in a function's graph, and how many elements it had in the first trace. */
export interface TracedSize {
  readonly dataType: DataType;
  readonly elements: number;
}

/** What a ConcreteFunction is made of. */
export interface ConcreteFunctionParts {
  /** Name of the tf function in TypeScript, for messages. */
  readonly label: string;
  readonly definition: FunctionDef;
  readonly inputs: readonly NamedSpec[];
  /** In the order of their names. */
  readonly outputs: readonly NamedSpec[];
  /** How each output's sizes follow from the inputs' sizes; null where they do not. */
  readonly outputSizes: readonly (readonly (SizeExpression | null)[] | null)[];
  /** What follows the inputs as arguments of the definition. */
  readonly captures: readonly Capture[];
  /** Functions that the definition's nodes call. */
  readonly functions: readonly ConcreteFunction[];
  /** Whether the tf function returned a tensor by itself rather than an object of tensors. */
  readonly returnsOneTensor: boolean;
  /** Whether it assigns variables. */
  readonly assigns: boolean;
  /** Parts that were not compared with the function itself: shapes of arguments that would have cost too much, or values. Default: nothing. */
  readonly unchecked?: readonly string[];
  /** The shapes of arguments at which its results were compared with the function's, as `shapesKey` writes them. Default: none. */
  readonly compared?: ReadonlySet<string>;
  /** Tensors of the definition, by name. Default: nothing is known of them. */
  readonly tracedSizes?: ReadonlyMap<string, TracedSize>;
  /** What a call costs per row of its first argument, in multiplications, roughly. Default: 0. */
  readonly costPerRow?: number;
}

/**
 * A tf function as a graph: what is exported, compiled, trained and served.
 *
 * Prints as `predictBytesImage(image_bytes_string: string[?]) -> (output_0: float32[?, 10])`.
 */
export class ConcreteFunction implements Readonly<ConcreteFunctionParts> {
  /** @param parts Its definition's name ends in a digest already where `isNamed` says so. */
  constructor(
    private readonly parts: ConcreteFunctionParts,
    isNamed = false,
  ) {
    const { signature } = parts.definition;
    if (signature && !isNamed) signature.name += `_${this.#digest()}`;
  }

  get label(): string {
    return this.parts.label;
  }

  /** The graph as TensorFlow's FunctionDef. */
  get definition(): FunctionDef {
    return this.parts.definition;
  }

  /** Arguments in their order. */
  get inputs(): readonly NamedSpec[] {
    return this.parts.inputs;
  }

  get outputs(): readonly NamedSpec[] {
    return this.parts.outputs;
  }

  get outputSizes(): ConcreteFunctionParts['outputSizes'] {
    return this.parts.outputSizes;
  }

  get captures(): readonly Capture[] {
    return this.parts.captures;
  }

  get functions(): readonly ConcreteFunction[] {
    return this.parts.functions;
  }

  get returnsOneTensor(): boolean {
    return this.parts.returnsOneTensor;
  }

  get assigns(): boolean {
    return this.parts.assigns;
  }

  get unchecked(): readonly string[] {
    return this.parts.unchecked ?? [];
  }

  get compared(): ReadonlySet<string> {
    return this.parts.compared ?? new Set();
  }

  get tracedSizes(): ReadonlyMap<string, TracedSize> {
    return this.parts.tracedSizes ?? new Map();
  }

  get costPerRow(): number {
    return this.parts.costPerRow ?? 0;
  }

  /** The name of the FunctionDef: functions that compute the same, in the same way and with the same variables, have the same name. */
  get name(): string {
    return this.definition.signature?.name ?? '';
  }

  /** This function and every function that it calls, each once, as the library of a graph needs them. */
  get library(): ConcreteFunction[] {
    const all = new Map<string, ConcreteFunction>();
    for (const fn of this.functions) for (const inner of fn.library) all.set(inner.name, inner);
    return [...all.values(), this];
  }

  /** The variables among the captures. */
  get variables(): tf.Variable[] {
    return this.captures.filter((capture): capture is tf.Variable => !(capture instanceof Asset));
  }

  /** Whether XLA compiles it as a whole, once for every combination of input shapes. */
  get isJitCompiled(): boolean {
    return this.definition.attr[mustCompile] !== undefined;
  }

  /** The same function, with what was found out about it after it was made. */
  with(found: Pick<ConcreteFunctionParts, 'unchecked' | 'compared' | 'costPerRow'>): ConcreteFunction {
    return new ConcreteFunction({ ...this.parts, ...found }, true);
  }

  /** The same function, compiled by XLA: TensorFlow's `jit_compile=True`. */
  jitCompiled(): ConcreteFunction {
    const definition = clone(FunctionDefSchema, this.definition);
    definition.attr[mustCompile] = create(AttrValueSchema, { value: { case: 'b', value: true } });
    return this.withDefinition(definition);
  }

  /** A function with the same arguments and results that computes them by other nodes. */
  withDefinition(definition: FunctionDef): ConcreteFunction {
    return new ConcreteFunction({ ...this.parts, definition });
  }

  toString(): string {
    const list = (specs: readonly NamedSpec[]) => specs.map(({ name, spec }) => `${name}: ${spec}`).join(', ');
    return `${this.label}(${list(this.inputs)}) -> (${list(this.outputs)})`;
  }

  #digest(): string {
    const captures = this.captures.map(({ name }) => name).join('|');
    const bytes = toBinary(FunctionDefSchema, this.definition);
    return createHash('sha256').update(captures).update(bytes).digest('hex').slice(0, 12);
  }
}
