import { SignetError } from '../errors.js';
import { arithmeticOfSteps, dividesByConstant, inputsToHide } from './exact-arithmetic.js';
import { dataTypeName, dataTypeOf, dtypeOf } from '../tensorflow/data-type.js';
import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { attr } from './attr-value.js';
import { capturedName } from './captured-tensors.js';
import { differenceBetween } from './compare-traces.js';
import { ConcreteFunction, type NamedSpec } from './concrete-function.js';
import { ConstantEmitter, type ConstantUse } from './constant-emitter.js';
import { type DecidingSize, explainSize } from './explain-size.js';
import type { SizeSource } from './size-expression.js';
import { EmittedTensors } from './emitted-tensors.js';
import { FunctionDefBuilder } from './function-def-builder.js';
import { asserts, hasEffect, isTakenForLeakyRelu, liveNodes, statefulOp } from './op-effects.js';
import { type Attributes, opEntry, outputName } from './op-signature.js';
import { guardShapes } from './shape-guards.js';
import type { ConstantNode, OpNode, TapeNode, TapeValue, Trace } from './tape-nodes.js';
import { TensorSpec } from './tensor-spec.js';

/** What becomes a graph. */
export interface FunctionTraces {
  /** Name in messages. */
  readonly label: string;
  /** What the FunctionDef's name begins with; the rest is made from its content. */
  readonly name: string;
  readonly inputs: readonly NamedSpec[];
  readonly traces: readonly Trace[];
  /** Runs whose results have been seen, also where they are not part of the graph. Default: those of `traces`. */
  readonly alsoSeen?: readonly Trace[];
  /** Gets sizes of arguments at which formulas that fit would differ. Default: nobody is interested. */
  readonly undecided?: DecidingSize[];
  /** For the body of an op. */
  readonly body?: BodyTraces;
}

/** What a body needs in addition to a function. */
interface BodyTraces {
  /** Distinguishes its arguments from those of the op's other bodies. */
  readonly prefix: string;
  /** Whether what it takes from outside follows its results, as the body of a loop passes it on. */
  readonly returnsCaptured: boolean;
  readonly captured: readonly NamedSpec[];
}

/** A constant of a body that only the function around it explains: a size of a tensor that the body does not take. */
interface OuterConstant {
  readonly name: string;
  readonly constants: readonly ConstantNode[];
  readonly use: ConstantUse;
}

/** Where ops list the types of what their bodies take from outside, at the end. */
const capturedTypes: Readonly<Record<string, string>> = {
  StatelessIf: 'Tin',
  StatelessWhile: 'T',
  MapDefun: 'Tcaptured',
};

/**
 * Turns the traces of one function into one graph whose unknown sizes are computed when it runs.
 *
 * Its name ends in a digest of its content, so that the same function is one function of the graph, and another is another.
 *
 * @throws SignetError `NOT_TRACEABLE` when the traces differ by more than sizes.
 */
export function emitFunction(traces: FunctionTraces): ConcreteFunction {
  checkSamePath(traces);
  return new FunctionEmitter(traces).emit();
}

/** A call whose function becomes part of the body that calls: TensorFlow's `MapDefun` runs no calls, but where an optimizer takes them away. */
const callInBody = 'PartitionedCall';

class FunctionEmitter {
  readonly #first: Trace;
  readonly #positions: ReadonlyMap<TapeNode, number>;
  readonly #builder: FunctionDefBuilder;
  readonly #constants: ConstantEmitter;
  readonly #tensors = new EmittedTensors();
  readonly #functions = new Map<string, ConcreteFunction>();
  readonly #columns: (readonly TapeNode[])[] = [];
  /** The last assertion: what comes after it runs after it. */
  #guard: readonly string[] = [];
  #outputs: (NamedSpec & { readonly sizes: ConcreteFunction['outputSizes'][number]; readonly tensor: string })[] = [];
  /** What must be computed as it is written. */
  #exact: ReadonlySet<TapeNode> = new Set();
  /** In the order they were found. */
  readonly outerConstants: OuterConstant[] = [];

  constructor(private readonly parts: FunctionTraces) {
    const [first] = parts.traces;
    if (!first) throw new Error('emitFunction needs a trace');
    this.#first = first;
    this.#positions = new Map(first.nodes.map((node, position) => [node, position]));
    this.#builder = new FunctionDefBuilder(parts.inputs.map((input) => argumentOf(input)));
    this.#constants = new ConstantEmitter(this.#builder, parts.undecided ?? []);
  }

  emit(): ConcreteFunction {
    this.emitNodes();
    return this.finish([]);
  }

  /** Adds everything that is computed. Whatever is in `outerConstants` afterwards must become arguments. */
  emitNodes(): void {
    const { nodes } = this.#first;
    const live = liveNodes(this.#first);
    this.#exact = arithmeticOfSteps(live);
    for (const [position, node] of nodes.entries()) {
      if (node.kind === 'argument') this.#define(position, [node.name]);
      else if (!live.has(node)) continue;
      else if (node.kind === 'variable') this.#define(position, [this.#builder.readVariable(node.variable)]);
      else if (node.kind === 'handle') this.#define(position, [this.#builder.handle(node.variable)]);
      else if (node.kind === 'asset') this.#define(position, [this.#builder.asset(node.asset)]);
      else if (node.kind === 'op') this.#emitOp(position, node);
    }
    this.#outputs = this.#first.outputs.map(([output, value], i) => ({
      name: output,
      ...this.#outputSpec(value, i),
      tensor: this.#tensor(value, null),
    }));
    for (const { variable, value } of this.#first.assignments) {
      this.#builder.assignVariable(variable, this.#tensor(value, null));
    }
  }

  /** @param outer The outer constants of this body and of the op's others, as further arguments. */
  finish(outer: readonly NamedSpec[]): ConcreteFunction {
    for (const input of outer) this.#builder.addInput(argumentOf(input));
    const outputs = this.#outputs;
    const { label, name, inputs, body } = this.parts;
    const passedOn = body?.returnsCaptured === true ? [...body.captured, ...outer] : [];
    const results = [
      ...outputs,
      ...passedOn.map((input) => ({ ...input, tensor: input.name, name: `${input.name}_out` })),
    ];
    return new ConcreteFunction({
      label,
      definition: this.#builder.build(
        name,
        results.map((result) => ({ ...argumentOf(result), tensor: result.tensor })),
      ),
      inputs: [...inputs, ...outer],
      outputs: outputs.map(({ name: output, spec }) => ({ name: output, spec })),
      outputSizes: outputs.map(({ sizes }) => sizes),
      captures: this.#builder.captures,
      functions: [...this.#functions.values()],
      returnsOneTensor: this.#first.returnsOneTensor,
      assigns: this.#first.assignments.length > 0 || this.#first.updatesVariables,
      tracedSizes: this.#tensors.tracedSizes,
    });
  }

  #emitOp(position: number, node: OpNode): void {
    const own = guardShapes(
      this.#builder,
      this.#opsAt(position),
      node.inputs.map((input, index) => this.#tensor(input, position, index)),
    );
    const { functions, outer } = this.#emitBodies(position, node);
    const inputs = [
      ...own,
      ...outer.map(({ constants, use }) => this.#constant(constants, this.#sourcesFor(position), use)),
    ];
    const attributes = {
      ...node.attributes,
      ...withTypes(node, outer),
      ...Object.fromEntries(functions.map((fn, i) => [node.bodies[i]?.attribute ?? '', attr.func(fn.name)])),
      ...node.bodyAttributes?.(functions),
    };
    const [called] = node.functions;
    if (called && node.op === callInBody) {
      for (const fn of called.functions) for (const inner of fn.library) this.#functions.set(inner.name, inner);
      this.#define(position, this.#builder.inline(called, inputs));
      return;
    }
    if (isTakenForLeakyRelu(node)) {
      this.#define(position, [this.#maximum(inputs)]);
      return;
    }
    const isExact = this.#exact.has(node);
    for (const i of inputsToHide(node, isExact)) inputs[i] = this.#hidden(inputs[i] ?? '', position, i);
    const op = isExact && dividesByConstant(this.#opsAt(position)) ? 'DivNoNan' : statefulOp(node.op, functions);
    const name = this.#builder.node(op, [...inputs, ...this.#guard], attributes);
    if (asserts(node)) this.#guard = [`^${name}`];
    for (const fn of [...node.functions, ...functions]) this.#functions.set(fn.name, fn);
    if (opEntry(op)[2] || hasEffect(node)) this.#builder.alwaysRun(name);
    this.#define(
      position,
      node.outputs.map((_, output) => `${name}:${outputName(op, attributes, output)}`),
    );
  }

  /** An input of an op, behind an op that TensorFlow's optimizer neither removes nor looks through. It takes one rank only. */
  #hidden(input: string, position: number, index: number): string {
    const values = this.#opsAt(position).flatMap(({ inputs }) => inputs[index] ?? []);
    const [seen, ...others] = values.map(({ node, output }) => node.outputs[output]);
    if (!seen || others.some((other) => other?.shape.length !== seen.shape.length)) return input;
    const shape = seen.shape.map(() => -1);
    return this.#builder.op('EnsureShape', [input], { T: attr.type(seen.dataType), shape: attr.shape(shape) });
  }

  /** The larger of two, as the negative of the smaller of their negatives. */
  #maximum(inputs: readonly string[]): string {
    const float32 = { T: attr.type(DataType.DT_FLOAT) };
    const negated = inputs.map((input) => this.#builder.op('Neg', [input, ...this.#guard], float32));
    return this.#builder.op('Neg', [this.#builder.op('Minimum', negated, float32)], float32);
  }

  /** The bodies of an op, and what they take from this function in addition to what the op was recorded with. */
  #emitBodies(position: number, node: OpNode) {
    const emitters = node.bodies.map((_, i) => this.#bodyEmitter(position, node, i));
    for (const emitter of emitters) emitter.emitNodes();
    const outer = emitters.flatMap(({ outerConstants }) => outerConstants);
    const specs = outer.map(({ name, constants }) => ({
      name,
      spec: anySize(constants[0]?.outputs[0]?.dataType ?? 0),
    }));
    return { functions: emitters.map((emitter) => emitter.finish(specs)), outer };
  }

  /** A body has one trace in each trace of this function. */
  #bodyEmitter(position: number, { op }: OpNode, index: number): FunctionEmitter {
    const bodies = this.#nodesAt(position).flatMap((node) => (node.kind === 'op' ? (node.bodies[index] ?? []) : []));
    const [body] = bodies;
    if (!body) throw new Error('unreachable: an op has the same bodies in every trace');
    const captured = body.captured.values.map(({ node, output }, i) => ({
      name: capturedName(i),
      spec: anySize(node.outputs[output]?.dataType ?? 0),
    }));
    return new FunctionEmitter({
      label: body.attribute,
      name: body.attribute,
      inputs: [...body.inputs.map(({ name, dataType }) => ({ name, spec: anySize(dataType) })), ...captured],
      traces: bodies.map(({ trace }) => trace),
      undecided: this.parts.undecided ?? [],
      ...(op in capturedTypes && {
        body: { prefix: `outer_${index}`, returnsCaptured: body.returnsCaptured, captured },
      }),
    });
  }

  #define(position: number, tensors: readonly string[]): void {
    this.#tensors.define(this.#nodesAt(position), tensors);
  }

  /** The name of a value in the graph; `consumer` is the op that takes it as its input `index`, null for the function's result. */
  #tensor(value: TapeValue, consumer: number | null, index = 0): string {
    const known = this.#tensors.nameOf(value);
    if (known !== undefined) return known;
    const position = this.#positions.get(value.node) ?? -1;
    const constants = this.#nodesAt(position).filter((each) => each.kind === 'constant');
    const user = consumer === null ? null : this.#nodesAt(consumer)[0];
    return this.#constant(constants, this.#sourcesFor(consumer), {
      takenBy: user?.kind === 'op' ? user.op : 'the result',
      input: index,
    });
  }

  /** In a body, a constant that no size inside explains is left to the function around it. */
  #constant(constants: readonly ConstantNode[], sources: readonly SizeSource[], use: ConstantUse): string {
    try {
      return this.#constants.emit(constants, sources, use);
    } catch (error) {
      const { body } = this.parts;
      const isOuter = body && error instanceof SignetError && error.code === 'NOT_TRACEABLE';
      if (!body || !isOuter) throw error;
      const name = `${body.prefix}_${this.outerConstants.length}`;
      this.outerConstants.push({ name, constants, use });
      return name;
    }
  }

  #sourcesFor(consumer: number | null): SizeSource[] {
    return this.#tensors.sourcesFor(consumer === null ? undefined : this.#first.nodes[consumer]);
  }

  /** The same node in every trace. */
  #nodesAt(position: number): readonly TapeNode[] {
    return (this.#columns[position] ??= this.parts.traces.flatMap(({ nodes }) => nodes[position] ?? []));
  }

  #opsAt(position: number): readonly OpNode[] {
    return this.#nodesAt(position).flatMap((node) => (node.kind === 'op' ? [node] : []));
  }

  #outputSpec({ node, output }: TapeValue, position: number) {
    const { label, traces, alsoSeen = traces } = this.parts;
    const shapes = traces.map(({ outputs }) => shapeOf(outputs[position]?.[1]));
    const dtype = dtypeOf(node.outputs[output]?.dataType ?? 0);
    if (dtype === null) {
      throw new SignetError('NOT_TRACEABLE', `${label} returns a type that no signature carries.`);
    }
    const seen = alsoSeen.map(({ outputs }) => shapeOf(outputs[position]?.[1]));
    const first = shapes[0] ?? [];
    if (seen.some((shape) => shape.length !== first.length)) return { spec: new TensorSpec(dtype, null), sizes: null };
    const known = first.map((size, axis) => (seen.every((shape) => shape[axis] === size) ? size : null));
    const sizes = first.map((_, axis) =>
      explainSize(
        shapes.map((shape) => shape[axis] ?? 0),
        this.#tensors.arguments,
      ),
    );
    return { spec: new TensorSpec(dtype, known), sizes };
  }
}

/** The types of an op's captured tensors, and of the constants that its bodies take from outside. */
function withTypes({ op, attributes }: OpNode, outer: readonly OuterConstant[]): Attributes {
  const name = capturedTypes[op];
  const value = name === undefined ? undefined : attributes[name]?.value;
  if (outer.length === 0 || name === undefined) return {};
  const known = value?.case === 'list' ? value.value.type : [];
  return { [name]: attr.types([...known, ...outer.map(({ constants }) => constants[0]?.outputs[0]?.dataType ?? 0)]) };
}

function anySize(dataType: DataType): TensorSpec {
  const dtype = dtypeOf(dataType);
  if (dtype !== null) return new TensorSpec(dtype, null);
  throw new SignetError('NOT_TRACEABLE', `A body cannot take a tensor of type ${dataTypeName(dataType)} from outside.`);
}

function shapeOf(value: TapeValue | undefined): readonly number[] {
  return value?.node.outputs[value.output]?.shape ?? [];
}

function argumentOf({ name, spec }: NamedSpec) {
  return { name, dataType: dataTypeOf(spec.dtype) };
}

/** Throws unless every trace took the same path, sizes aside. */
function checkSamePath({ label, traces }: FunctionTraces): void {
  const [first] = traces;
  for (const trace of traces) {
    const difference = first ? pathDifference(label, first, trace) : null;
    if (difference) throw difference;
  }
}

/** Explains how a trace took a different path from the first one, sizes aside; null if it did not. */
export function pathDifference(label: string, first: Trace, trace: Trace): SignetError | null {
  const difference = differenceBetween(first, trace);
  if (difference === null) return null;
  return new SignetError(
    'NOT_TRACEABLE',
    `${label} takes another path for other sizes: ${difference}. A tf function must run the same ops on the same tensors for ` +
      'every size that its input signature allows: fix the size in the signature, or decide with tensors (cond, tf.where, tf.minimum).',
  );
}
