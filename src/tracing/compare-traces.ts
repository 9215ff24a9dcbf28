import { equals } from '@bufbuild/protobuf';

import { type AttrValue, AttrValueSchema } from '../tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import type { OpNode, TapeNode, TapeValue, Trace } from './tape-nodes.js';

/**
 * How another run of a function differs from the first one by more than sizes, in the words of a message. Null when both took the
 * same ops with the same attributes, each op the same tensors, and gave the same results: all that may then differ are constants.
 */
export function differenceBetween(first: Trace, other: Trace): string | null {
  const alike = foundAlike.get(first) ?? new WeakSet();
  if (first === other || alike.has(other)) return null;
  const difference = new Comparison(first, other).difference();
  if (difference === null) foundAlike.set(first, alike.add(other));
  return difference;
}

/** Traces are compared again for every graph that is tried out of them. */
const foundAlike = new WeakMap<Trace, WeakSet<Trace>>();

class Comparison {
  readonly #positions: ReadonlyMap<TapeNode, number>;
  readonly #otherPositions: ReadonlyMap<TapeNode, number>;

  constructor(
    private readonly first: Trace,
    private readonly other: Trace,
  ) {
    this.#positions = positionsOf(first);
    this.#otherPositions = positionsOf(other);
  }

  difference(): string | null {
    return this.#nodes() ?? this.#results() ?? this.#assignments();
  }

  #nodes(): string | null {
    const { nodes } = this.first;
    for (const [position, node] of nodes.entries()) {
      const found = this.#node(position, node, this.other.nodes[position]);
      if (found !== null) return found;
    }
    const next = this.other.nodes[nodes.length];
    if (!next) return null;
    const counts = `one size takes ${nodes.length} steps and another ${this.other.nodes.length}`;
    return `${counts}, which continue with ${nameOf(next)}`;
  }

  #node(position: number, node: TapeNode, other: TapeNode | undefined): string | null {
    if (nameOf(node) !== nameOf(other)) {
      return `step ${position} is ${nameOf(node)} for one size and ${nameOf(other)} for another`;
    }
    switch (node.kind) {
      case 'variable':
      case 'handle': {
        const { variable } = other as typeof node;
        if (variable === node.variable) return null;
        return `step ${position} uses the variable "${node.variable.name}" for one size and "${variable.name}" for another`;
      }
      case 'asset': {
        const { asset } = other as typeof node;
        if (asset === node.asset) return null;
        return `step ${position} uses the asset ${node.asset.name} for one size and ${asset.name} for another`;
      }
      case 'op':
        return this.#op(node, other as OpNode);
      default:
        return null;
    }
  }

  #op(node: OpNode, other: OpNode): string | null {
    const attribute = differingAttribute(node, other);
    if (attribute !== undefined) return `the attribute "${attribute}" of ${node.op} depends on a size`;
    if (node.functions.some((fn, i) => fn.name !== other.functions[i]?.name)) {
      return `${node.op} calls another function`;
    }
    const inside = this.#bodies(node, other);
    if (inside !== null) return inside;
    const input = node.inputs.findIndex((value, i) => !this.#isSame(value, other.inputs[i]));
    if (input >= 0 || node.inputs.length !== other.inputs.length) {
      return `input ${Math.max(input, 0)} of ${node.op} is one tensor for one size and another tensor for another`;
    }
    return null;
  }

  #bodies(node: OpNode, other: OpNode): string | null {
    for (const [i, body] of node.bodies.entries()) {
      const same = other.bodies[i];
      if (!same) return `${node.op} has fewer bodies`;
      const { values } = body.captured;
      if (
        values.length !== same.captured.values.length ||
        values.some((value, k) => !this.#isSame(value, same.captured.values[k]))
      ) {
        return `the ${body.attribute} takes other tensors from outside`;
      }
      const inside = differenceBetween(body.trace, same.trace);
      if (inside !== null) return `in the ${body.attribute}, ${inside}`;
    }
    return null;
  }

  #results(): string | null {
    const names = ({ outputs, returnsOneTensor }: Trace) =>
      returnsOneTensor ? 'a tensor' : `{ ${outputs.map(([name]) => name).join(', ')} }`;
    if (names(this.first) !== names(this.other)) {
      return `it returns ${names(this.first)} for one size and ${names(this.other)} for another`;
    }
    const differing = this.first.outputs.find(([, value], i) => !this.#isSame(value, this.other.outputs[i]?.[1]));
    return differing ? `the result "${differing[0]}" is one tensor for one size and another tensor for another` : null;
  }

  #assignments(): string | null {
    const all = this.first.assignments;
    const others = this.other.assignments;
    const differing = all.find(
      ({ variable, value }, i) => others[i]?.variable !== variable || !this.#isSame(value, others[i].value),
    );
    const assigned = differing ?? others[all.length];
    return assigned ? `it assigns the variable "${assigned.variable.name}" differently` : null;
  }

  /** Whether two values are at the same position of their tapes. */
  #isSame(value: TapeValue, other: TapeValue | undefined): boolean {
    return value.output === other?.output && this.#positions.get(value.node) === this.#otherPositions.get(other.node);
  }
}

const known = new WeakMap<Trace, ReadonlyMap<TapeNode, number>>();

function positionsOf(trace: Trace): ReadonlyMap<TapeNode, number> {
  const positions = known.get(trace) ?? new Map(trace.nodes.map((node, position) => [node, position]));
  known.set(trace, positions);
  return positions;
}

function nameOf(node: TapeNode | undefined): string {
  if (node?.kind === 'op') return node.op;
  return node?.kind === 'argument' ? `the argument ${node.name}` : (node?.kind ?? 'nothing');
}

function differingAttribute(node: OpNode, other: OpNode): string | undefined {
  if (node.attributes === other.attributes) return undefined;
  return Object.keys(node.attributes).find((name) => !sameAttribute(node.attributes[name], other.attributes[name]));
}

/** Comparing by the schema takes most of the time; nearly all attributes are a number, a type or a bool. */
function sameAttribute(a: AttrValue | undefined, b: AttrValue | undefined): boolean {
  if (!a || !b) return false;
  if (a.value.case === b.value.case && a.value.value === b.value.value) return true;
  return equals(AttrValueSchema, a, b);
}
