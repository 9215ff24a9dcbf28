import { equals } from '@bufbuild/protobuf';

import { SignetError } from '../errors.js';
import { dataTypeOf, dtypeOf } from '../tensorflow/data-type.js';
import { AttrValueSchema } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { ConcreteFunction, type NamedSpec } from './concrete-function.js';
import { ConstantEmitter } from './constant-emitter.js';
import type { SizeSource } from './explain-size.js';
import { FunctionDefBuilder } from './function-def-builder.js';
import { opEntry, outputName } from './op-signature.js';
import type { OpNode, TapeNode, TapeValue } from './tape.js';
import { TensorSpec } from './tensor-spec.js';
import type { Trace } from './trace.js';

/**
 * Turns the traces of one function into one graph whose unknown sizes are computed when it runs.
 *
 * @param name The FunctionDef's name.
 * @throws SignetError `NOT_TRACEABLE` when the traces differ by more than sizes.
 */
export function emitFunction(
  name: string,
  signature: Readonly<Record<string, TensorSpec>>,
  traces: readonly Trace[],
): ConcreteFunction {
  return new FunctionEmitter(name, signature, traces).emit();
}

class FunctionEmitter {
  readonly #inputs: readonly NamedSpec[];
  readonly #builder: FunctionDefBuilder;
  readonly #constants: ConstantEmitter;
  readonly #tensors = new Map<TapeNode, readonly string[]>();
  readonly #functions = new Map<string, ConcreteFunction>();
  /** Every tensor whose sizes a later constant may depend on: arguments first, then results as they are made. */
  readonly #sources: SizeSource[] = [];
  readonly #positions: ReadonlyMap<TapeNode, number>;
  readonly #first: Trace;

  constructor(
    private readonly name: string,
    signature: Readonly<Record<string, TensorSpec>>,
    private readonly traces: readonly Trace[],
  ) {
    const [first] = traces;
    if (!first) throw new Error('emitFunction needs a trace');
    this.#first = first;
    this.#positions = new Map(first.tape.nodes.map((node, position) => [node, position]));
    this.#inputs = Object.entries(signature).map(([input, spec]) => ({ name: input, spec }));
    this.#builder = new FunctionDefBuilder(this.#inputs.map((input) => argumentOf(input)));
    this.#constants = new ConstantEmitter(this.#builder);
  }

  emit(): ConcreteFunction {
    const { nodes } = this.#first.tape;
    const live = liveNodes(this.#first);
    this.#checkSamePath(nodes);
    for (const [position, node] of nodes.entries()) {
      if (node.kind === 'argument') this.#define(position, [node.name]);
      else if (node.kind === 'variable' && live.has(node))
        this.#define(position, [this.#builder.readVariable(node.variable)]);
      else if (node.kind === 'op' && live.has(node)) this.#emitOp(position, node);
    }
    const outputs = this.#first.outputs.map(([output, value], i) => ({
      name: output,
      spec: this.#outputSpec(value, i),
      tensor: this.#tensor(value, null),
    }));
    for (const { variable, value } of this.#first.assignments) {
      this.#builder.assignVariable(variable, this.#tensor(value, null));
    }
    const results = outputs.map((output) => ({ ...argumentOf(output), tensor: output.tensor }));
    const definition = this.#builder.build(this.name, results);
    return new ConcreteFunction({
      definition,
      inputs: this.#inputs,
      outputs: outputs.map(({ name, spec }) => ({ name, spec })),
      captures: this.#builder.captures,
      functions: [...this.#functions.values()],
      returnsOneTensor: this.#first.returnsOneTensor,
    });
  }

  #emitOp(position: number, node: OpNode): void {
    const inputs = node.inputs.map((input) => this.#tensor(input, position));
    const name = this.#builder.node(node.op, inputs, node.attributes);
    for (const fn of node.functions) this.#functions.set(fn.name, fn);
    if (opEntry(node.op)[2]) this.#builder.alwaysRun(name);
    this.#define(
      position,
      node.outputs.map((_, output) => `${name}:${outputName(node.op, node.attributes, output)}`),
    );
  }

  #define(position: number, tensors: readonly string[]): void {
    const nodes = this.#nodesAt(position);
    const [node] = nodes;
    if (!node) return;
    this.#tensors.set(node, tensors);
    tensors.forEach((tensor, output) => {
      const shapes = nodes.map((each) => each.outputs[output]?.shape ?? []);
      this.#sources.push({ tensor, dataType: node.outputs[output]?.dataType ?? 0, shapes });
    });
  }

  /** The name of a value in the graph; `consumer` is the position of the op that takes it, null for the function's result. */
  #tensor({ node, output }: TapeValue, consumer: number | null): string {
    const known = this.#tensors.get(node)?.[output];
    if (known !== undefined) return known;
    const position = this.#positions.get(node) ?? -1;
    const constants = this.#nodesAt(position).filter((each) => each.kind === 'constant');
    const user = consumer === null ? null : this.#nodesAt(consumer)[0];
    const tensor = this.#constants.emit(constants, this.#sourcesFor(consumer), {
      takenBy: user?.kind === 'op' ? user.op : 'the result',
    });
    return tensor;
  }

  /** Where the sizes in a constant may come from: the other inputs of its consumer, then arguments, then all before it. */
  #sourcesFor(consumer: number | null): SizeSource[] {
    const node = consumer === null ? undefined : this.#first.tape.nodes[consumer];
    const names = node?.kind === 'op' ? node.inputs.map((input) => this.#tensors.get(input.node)?.[input.output]) : [];
    const near = this.#sources.filter((source) => names.includes(source.tensor));
    const argumentsFirst = this.#sources.slice(0, this.#inputs.length);
    return [...near, ...argumentsFirst, ...this.#sources.slice(this.#inputs.length)];
  }

  #nodesAt(position: number): TapeNode[] {
    return this.traces.flatMap(({ tape }) => tape.nodes[position] ?? []);
  }

  #outputSpec({ node, output }: TapeValue, position: number): TensorSpec {
    const shapes = this.traces.map((trace) => {
      const value = trace.outputs[position]?.[1];
      return value?.node.outputs[value.output]?.shape ?? [];
    });
    const first = shapes[0] ?? [];
    if (shapes.some((shape) => shape.length !== first.length)) throw pathDiffers(this.name, 'a result of another rank');
    const sizes = first.map((size, axis) => (shapes.every((shape) => shape[axis] === size) ? size : null));
    const dtype = dtypeOf(node.outputs[output]?.dataType ?? 0);
    if (dtype === null)
      throw new SignetError('NOT_TRACEABLE', `${this.name} returns a type that no signature carries.`);
    return new TensorSpec(dtype, sizes);
  }

  /** Throws unless every trace ran the same ops with the same attributes, sizes aside. */
  #checkSamePath(nodes: readonly TapeNode[]): void {
    for (const position of nodes.keys()) {
      const each = this.traces.map(({ tape }) => tape.nodes[position]);
      const [first] = each;
      const names = [...new Set(each.map((node) => (node?.kind === 'op' ? node.op : (node?.kind ?? 'nothing'))))];
      if (names.length > 1)
        throw pathDiffers(this.name, `step ${position} is ${names.join(' for one size and ')} for another`);
      if (first?.kind === 'op') this.#checkSameAttributes(first, each as OpNode[]);
    }
    const longest = this.traces.find(({ tape }) => tape.nodes.length > nodes.length);
    if (longest)
      throw pathDiffers(this.name, `one size takes ${nodes.length} steps and another ${longest.tape.nodes.length}`);
  }

  #checkSameAttributes(first: OpNode, all: readonly OpNode[]): void {
    for (const [attribute, value] of Object.entries(first.attributes)) {
      const same = all.every((node) => {
        const other = node.attributes[attribute];
        return other !== undefined && equals(AttrValueSchema, value, other);
      });
      if (!same) throw pathDiffers(this.name, `the attribute "${attribute}" of ${first.op} depends on a size`);
    }
  }
}

function argumentOf({ name, spec }: NamedSpec) {
  return { name, dataType: dataTypeOf(spec.dtype) };
}

function pathDiffers(name: string, how: string): SignetError {
  return new SignetError(
    'NOT_TRACEABLE',
    `${name} takes another path for other sizes: ${how}. A tf function must run the same ops for every size that its ` +
      'input signature allows: fix the size in the signature, or compute without a branch on it.',
  );
}

/** Nodes that a result, an assignment or a side effect needs. */
function liveNodes({ tape, outputs, assignments }: Trace): Set<TapeNode> {
  const live = new Set<TapeNode>();
  const pending = [...outputs.map(([, { node }]) => node), ...assignments.map(({ value }) => value.node)];
  // A random draw that nobody uses has no effect worth keeping; an assertion has.
  pending.push(
    ...tape.nodes.filter((node) => node.kind === 'op' && opEntry(node.op)[2] && !node.op.includes('Random')),
  );
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (live.has(node)) continue;
    live.add(node);
    if (node.kind === 'op') pending.push(...node.inputs.map((input) => input.node));
  }
  return live;
}
