import { clone, create } from '@bufbuild/protobuf';

import { FunctionDefSchema } from '../tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { type NodeDef, NodeDefSchema } from '../tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import { attr } from './attr-value.js';
import type { ConcreteFunction } from './concrete-function.js';
import { opEntry } from './op-signature.js';

/** Tensors smaller than this share of the largest are kept rather than computed again. */
const smallest = 0.01;

/**
 * Makes a training step keep only a few tensors of the forward pass until the backward pass, which computes the others again from them: less
 * memory for at most one more forward pass. Results are the same, since the same ops run on the same numbers.
 *
 * A tensor can be kept if the rest of the forward pass needs nothing else that was computed so far, such as the result of a residual block. The choice
 * is the one for which the kept tensors and the largest part between two of them take the least memory together. That part is computed again once the
 * gradient of the later tensor is there. Ops with effects, and those that draw random numbers from a state, run once.
 *
 * Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016.
 *
 * @param loss Name of the result of the function whose gradients are computed.
 * @returns The function itself where nothing would be gained.
 */
export function recomputeActivations(fn: ConcreteFunction, loss: string): ConcreteFunction {
  const graph = new StepGraph(fn, loss);
  const cuts = graph.chooseCuts();
  const added: NodeDef[] = [];
  const renamed = new Map<number, Map<string, string>>();
  let from: number | null = null;
  for (const cut of cuts) {
    graph.recompute(from, cut, added, renamed);
    from = cut;
  }
  if (added.length === 0) return fn;
  const definition = clone(FunctionDefSchema, fn.definition);
  for (const [position, names] of renamed) {
    const node = definition.nodeDef[position];
    if (node) node.input = node.input.map((input) => names.get(input) ?? input);
  }
  definition.nodeDef.push(...added);
  return fn.withDefinition(definition);
}

/** A training step's nodes by their positions, which follow the order in which it was traced: forward pass, then backward pass. */
class StepGraph {
  readonly #nodes: readonly NodeDef[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #results: ReadonlyMap<string, readonly string[]>;
  /** Position of the last node of the forward pass. */
  readonly #lastForward: number;
  /** Whether a node's result depends on the images. */
  readonly #isDynamic: readonly boolean[];
  /** The nodes that use a node's results. */
  readonly #takers: readonly (readonly number[])[];
  readonly #largest: number;
  /** For each position, the elements of the results of earlier nodes that the backward pass uses. */
  readonly #keptBefore: readonly number[];

  constructor(
    private readonly fn: ConcreteFunction,
    loss: string,
  ) {
    this.#nodes = fn.definition.nodeDef;
    this.#positions = new Map(this.#nodes.map(({ name }, position) => [name, position]));
    this.#results = resultsOfNodes(fn);
    const takers: number[][] = this.#nodes.map(() => []);
    const isDynamic: boolean[] = [];
    for (const [position, { input }] of this.#nodes.entries()) {
      const makers = input.filter(isData).map((tensor) => this.#positionOf(tensor));
      for (const maker of makers) if (maker !== null) takers[maker]?.push(position);
      isDynamic.push(input.includes(this.#images) || makers.some((maker) => maker !== null && isDynamic[maker]));
    }
    this.#takers = takers;
    this.#isDynamic = isDynamic;
    this.#lastForward = this.#endOfForward(this.#positionOf(fn.definition.ret[loss] ?? '') ?? -1);
    this.#largest = Math.max(
      0,
      ...this.#nodes.slice(0, this.#lastForward).map((_, position) => this.#elements(position)),
    );
    const keptBefore = [0];
    for (const position of this.#nodes.keys()) keptBefore.push((keptBefore[position] ?? 0) + this.#keptOf(position));
    this.#keptBefore = keptBefore;
  }

  /** Chooses the nodes whose results are kept, in their order; none if it is best to compute nothing again. */
  chooseCuts(): number[] {
    const candidates = this.#candidates();
    const needs = candidates.flatMap((to, i) =>
      [null, ...candidates.slice(0, i)].map((from) => this.#between(from, to)),
    );
    const bounds = quantiles(
      needs.filter((need) => need > 0).sort((a, b) => a - b),
      64,
    );
    let best = { cost: this.#between(null, null), cuts: [] as number[] };
    for (const bound of bounds) {
      const cuts = this.#cheapestCuts(candidates, bound);
      if (!cuts) continue;
      const cost = bound + cuts.reduce((sum, cut) => sum + this.#elements(cut), 0);
      if (cost < best.cost) best = { cost, cuts };
    }
    return best.cuts;
  }

  /**
   * Adds nodes that compute again the results of nodes between two cuts that the backward pass uses.
   *
   * @param from The earlier cut; null for the images.
   * @param renamed New names for the inputs of nodes of the backward pass, by their positions; added to.
   */
  recompute(from: number | null, to: number, added: NodeDef[], renamed: Map<number, Map<string, string>>): void {
    const takers = new Set<number>();
    for (let position = (from ?? -1) + 1; position < to; position += 1) {
      if (!this.#isLarge(position)) continue;
      for (const taker of this.#backwardTakers(position)) takers.add(taker);
    }
    const trigger = this.#gradientAt(takers);
    if (trigger === null) return;
    const copies = new Map([this.#start(from, trigger, added)]);
    for (const taker of takers) {
      const names = renamed.get(taker) ?? new Map<string, string>();
      for (const input of this.#nodes[taker]?.input ?? []) {
        const maker = this.#positionOf(input);
        if (maker === null || maker <= (from ?? -1) || maker >= to) continue;
        const copy = this.#copyOf(input, from, copies, added);
        if (copy !== input) names.set(input, copy);
      }
      renamed.set(taker, names);
    }
  }

  /** The node that reduces all images to one number. What the function computes from it for its result may come after the backward pass. */
  #endOfForward(result: number): number {
    let end = result;
    for (;;) {
      const makers = (this.#nodes[end]?.input ?? []).filter(isData).flatMap((input) => this.#positionOf(input) ?? []);
      const [maker, ...others] = new Set(makers.filter((each) => this.#isDynamic[each] === true));
      if (maker === undefined || others.length > 0 || this.#elements(maker) !== 1) return end;
      end = maker;
    }
  }

  get #images(): string {
    return this.fn.inputs[0]?.name ?? '';
  }

  /** Adds a node that passes on the earlier cut once the gradient is there; without it TensorFlow would merge the copies with the originals. */
  #start(from: number | null, trigger: number, added: NodeDef[]): [tensor: string, copy: string] {
    const tensor = from === null ? this.#images : this.#tensorOf(from);
    const { dataType = 0 } = this.fn.tracedSizes.get(tensor) ?? {};
    const name = `Recompute_${added.length}`;
    const input = [tensor, `^${this.#nodes[trigger]?.name}`];
    added.push(create(NodeDefSchema, { name, op: 'Identity', input, attr: { T: attr.type(dataType) } }));
    return [tensor, `${name}:output:0`];
  }

  #copyOf(tensor: string, from: number | null, copies: Map<string, string>, added: NodeDef[]): string {
    const known = copies.get(tensor);
    if (known !== undefined) return known;
    const position = isData(tensor) ? this.#positionOf(tensor) : null;
    const node = position === null ? undefined : this.#nodes[position];
    if (position === null || !node || position <= (from ?? -1) || !this.#isDynamic[position]) return tensor;
    const isSmall = (this.fn.tracedSizes.get(tensor)?.elements ?? 0) < this.#largest * smallest;
    if (isSmall || opEntry(node.op)[2]) return tensor;
    const name = `${node.name}_again`;
    const output = (each: string) => name + each.slice(node.name.length);
    for (const each of this.#results.get(node.name) ?? []) copies.set(each, output(each));
    const input = node.input.map((each) => this.#copyOf(each, from, copies, added));
    added.push(create(NodeDefSchema, { name, op: node.op, input, attr: node.attr }));
    return output(tensor);
  }

  /** The node of the backward pass that computes the gradient which these nodes continue from; null if there is none. */
  #gradientAt(takers: Iterable<number>): number | null {
    const behind = new Set<number>();
    const pending = [...takers];
    for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
      if (behind.has(position)) continue;
      behind.add(position);
      pending.push(...(this.#takers[position] ?? []));
    }
    for (const position of [...behind].sort((a, b) => a - b)) {
      for (const input of this.#nodes[position]?.input ?? []) {
        const maker = isData(input) ? this.#positionOf(input) : null;
        if (maker !== null && maker > this.#lastForward && !behind.has(maker) && this.#isLarge(maker)) return maker;
      }
    }
    return null;
  }

  /** Nodes of the forward pass after which its rest needs only their result of all that was computed so far. */
  #candidates(): number[] {
    const found: number[] = [];
    // Position of the last node that needs an earlier result.
    let lastEnd = -1;
    for (let position = 0; position < this.#lastForward; position += 1) {
      if (!this.#isLarge(position)) continue;
      const end = Math.max(-1, ...(this.#takers[position] ?? []).filter((taker) => taker <= this.#lastForward));
      if (lastEnd <= position && end > position) found.push(position);
      lastEnd = Math.max(lastEnd, end);
    }
    return found;
  }

  /** The cuts with the fewest elements between which the backward pass uses at most `bound` elements; null if there are none. */
  #cheapestCuts(candidates: readonly number[], bound: number): number[] | null {
    const ways: ({ readonly cost: number; readonly before: number } | null)[] = [];
    for (const [i, to] of candidates.entries()) {
      let way = this.#between(null, to) <= bound ? { cost: this.#elements(to), before: -1 } : null;
      for (let before = 0; before < i; before += 1) {
        const start = ways[before];
        if (!start || this.#between(candidates[before] ?? 0, to) > bound) continue;
        const cost = start.cost + this.#elements(to);
        if (!way || cost < way.cost) way = { cost, before };
      }
      ways.push(way);
    }
    let last = -1;
    for (const [i, way] of ways.entries()) {
      if (!way || this.#between(candidates[i] ?? 0, null) > bound) continue;
      if (last === -1 || way.cost < (ways[last]?.cost ?? Infinity)) last = i;
    }
    const cuts: number[] = [];
    for (let i = last; i >= 0; i = ways[i]?.before ?? -1) cuts.unshift(candidates[i] ?? 0);
    return last === -1 ? null : cuts;
  }

  /** Elements of results between two cuts that the backward pass uses; null for the beginning or the end. */
  #between(from: number | null, to: number | null): number {
    const [first, end] = [(from ?? -1) + 1, to ?? this.#lastForward + 1];
    return (this.#keptBefore[end] ?? 0) - (this.#keptBefore[first] ?? 0);
  }

  #keptOf(position: number): number {
    return this.#isLarge(position) && this.#backwardTakers(position).length > 0 ? this.#elements(position) : 0;
  }

  #backwardTakers(position: number): number[] {
    return (this.#takers[position] ?? []).filter((taker) => taker > this.#lastForward);
  }

  #isLarge(position: number): boolean {
    return this.#isDynamic[position] === true && this.#elements(position) >= this.#largest * smallest;
  }

  /** Elements of a node's first result. */
  #elements(position: number): number {
    if (this.#isDynamic[position] !== true) return 0;
    return this.fn.tracedSizes.get(this.#tensorOf(position))?.elements ?? 0;
  }

  #tensorOf(position: number): string {
    return this.#results.get(this.#nodes[position]?.name ?? '')?.[0] ?? '';
  }

  #positionOf(tensor: string): number | null {
    return this.#positions.get(nameIn(tensor)) ?? null;
  }
}

/** The results of each node, by its name. */
function resultsOfNodes({ tracedSizes }: ConcreteFunction): ReadonlyMap<string, readonly string[]> {
  const results = new Map<string, string[]>();
  for (const tensor of tracedSizes.keys()) {
    const node = nameIn(tensor);
    const known = results.get(node);
    if (known) known.push(tensor);
    else results.set(node, [tensor]);
  }
  return results;
}

function isData(input: string): boolean {
  return !input.startsWith('^');
}

/** The node's name in `node:output:0` or `^node`. */
function nameIn(tensor: string): string {
  const [name = ''] = tensor.split(':');
  return name.startsWith('^') ? name.slice(1) : name;
}

/** At most `most` of some sorted numbers, evenly spaced, including the last. */
function quantiles(sorted: readonly number[], most: number): number[] {
  const step = Math.max(1, sorted.length / most);
  const chosen: number[] = [];
  for (let i = sorted.length - 1; i >= 0; i -= step) chosen.push(sorted[Math.floor(i)] ?? 0);
  return chosen;
}
