import { isDeepStrictEqual } from 'node:util';

import { SignetError } from '../errors.js';
import { withCallsInlined } from './call-function.js';
import { checkGraph, type CheckResult, type ToCheck } from './check-graph.js';
import { checkShapes } from './check-shapes.js';
import { type ConcreteFunction, shapesKey } from './concrete-function.js';
import type { DecidingSize } from './explain-size.js';
import type { SourceDimension } from './size-expression.js';
import { emitFunction, type FunctionTraces, pathDifference } from './emit-function.js';
import { RunBudget } from './run-budget.js';
import { canRunGraph } from './run-graph.js';
import {
  elementsOf,
  leastRuns,
  rowsOf,
  type SampleRun,
  type SampleRuns,
  type TensorFunction,
  traceFunction,
  traceSample,
} from './trace.js';
import type { OpNode, Trace } from './tape-nodes.js';
import { valueCost } from './trace-cost.js';

/** What becomes a graph, traced and checked. */
export type GraphParts = Pick<FunctionTraces, 'label' | 'name' | 'inputs'>;

/**
 * Traces a function and makes the one graph of it that computes what the function computes at every size.
 *
 * The traces of samples must agree, since they become one graph. At edges (sizes of 1, equal sizes) TF.js may take another path to the same result,
 * so there the graph and the function are called and compared, as at a few other sizes.
 *
 * @throws SignetError `NOT_TRACEABLE` where the runs differ by more than sizes, or graph and function by their results.
 */
export function makeGraph(parts: GraphParts, fn: TensorFunction): ConcreteFunction {
  const traced = traceFunction(fn, parts.inputs);
  if (!traced.runs.some(({ trace }) => trace && changesWhatCallsRead(trace))) return graphOf(parts, fn, traced);
  return withCallsInlined(() => graphOf(parts, fn, traceFunction(fn, parts.inputs)));
}

/**
 * Whether a function that is called reads a variable that is assigned or updated too. TensorFlow inlines the call and forgets that the
 * assignment waits for it: the function would read either value.
 */
function changesWhatCallsRead({ nodes, assignments }: Trace): boolean {
  const handles = (isTaken: (node: OpNode) => boolean) =>
    nodes.flatMap((node) =>
      node.kind === 'op' && isTaken(node)
        ? node.inputs.flatMap((input) => (input.node.kind === 'handle' ? input.node.variable : []))
        : [],
    );
  const updated = handles(({ op }) => op.startsWith('ResourceApply'));
  const changed = new Set([...assignments.map(({ variable }) => variable), ...updated]);
  return handles(({ functions }) => functions.length > 0).some((variable) => changed.has(variable));
}

function graphOf(parts: GraphParts, fn: TensorFunction, first: SampleRuns, refuted = 0): ConcreteFunction {
  const { traced, graph, open } = emitDecided(parts, fn, first);
  const unchecked = traced.leftOut.map(shapesText);
  const costPerRow = Math.max(
    ...traced.runs.map(({ trace, shapes }) => (trace ? valueCost(trace) / rowsOf(shapes) : 0)),
  );
  if (!canRunGraph(graph)) {
    if (traced.runs.length > 1) unchecked.push(...open.map(({ run }) => shapesText(run.shapes)), values);
    return graph.with({ unchecked, costPerRow });
  }
  const compared = new Set<string>();
  const check = (toCheck: ToCheck) => {
    const result = checkGraph(graph, fn, toCheck);
    if (result === 'same') compared.add(shapesKey(toCheck.shapes));
    return result;
  };
  for (const { run, difference } of open) check({ shapes: run.shapes, difference });
  const known = routine(traced);
  const results = known.map(({ shapes }) => check({ shapes, difference: null }));
  if (!results.includes('same')) unchecked.push(values);
  // Made-up text is not a picture: a function that refuses it once will refuse it every time.
  const takesText = parts.inputs.some(({ spec }) => spec.dtype === 'string');
  if (takesText && results.includes('not taken')) return graph.with({ unchecked, costPerRow });
  const further = furtherShapes(parts, known);
  const { seen, refuting } = checkFurther(further, check);
  if (refuting) {
    const run = refuted < mostRefuted ? traceSample(fn, parts.inputs, refuting.shapes) : null;
    if (!run) throw refuting.error;
    return graphWith(parts, fn, { ...traced, runs: [...traced.runs, run] }, refuted + 1, refuting.error);
  }
  const unseen = further.length - seen;
  if (unseen > 0) unchecked.push(`the values at ${unseen} of ${further.length} further shapes`);
  return graph.with({ unchecked, compared, costPerRow });
}

/** What comparing at further shapes has shown. */
interface FurtherResult {
  /** Number of shapes that were compared. */
  readonly seen: number;
  /** The first at which graph and function differ. */
  readonly refuting?: { readonly shapes: SampleRun['shapes']; readonly error: SignetError };
}

/** Compares at one shape after the other, as long as that does not cost too much. */
function checkFurther(
  further: readonly SampleRun['shapes'][],
  check: (toCheck: ToCheck) => CheckResult,
): FurtherResult {
  let left = mostFurtherCost;
  let seen = 0;
  const tooDear: SampleRun['shapes'][] = [];
  for (const shapes of further) {
    if (left <= 0) break;
    if (tooDear.some((each) => isWithin(each, shapes))) continue;
    const most = Math.min(left, mostCostOfOne);
    const budget = new RunBudget(most);
    try {
      if (elementsOf(shapes) > most || check({ shapes, difference: null, budget }) === 'too dear') tooDear.push(shapes);
      else seen += 1;
    } catch (error) {
      if (!isNotTraceable(error)) throw error;
      return { seen, refuting: { shapes, error } };
    }
    left -= budget.spent;
  }
  return { seen };
}

/**
 * The graph that also does what a further run shows, such as a limit beyond the sizes of all others.
 *
 * @throws The error found without it, if there is no such graph.
 */
function graphWith(
  parts: GraphParts,
  fn: TensorFunction,
  traced: SampleRuns,
  refuted: number,
  wrong: unknown,
): ConcreteFunction {
  try {
    return graphOf(parts, fn, traced, refuted);
  } catch (error) {
    throw isNotTraceable(error) ? wrong : error;
  }
}

/** Maximum number of times that a graph is traced again because it is wrong at a further shape: if that does not help, no formula fits. */
const mostRefuted = 2;

/** Shapes other than those of some runs: those that tell the most first, and of these those that will cost least. */
function furtherShapes({ inputs }: GraphParts, known: readonly SampleRun[]): number[][][] {
  const isFixed = inputs.every(({ spec }) => spec.shape?.every((size) => typeof size === 'number') ?? false);
  if (isFixed) return [];
  const isKnown = (shapes: SampleRun['shapes']) => known.some((run) => isDeepStrictEqual(run.shapes, shapes));
  return checkShapes(inputs).flatMap((group) =>
    group.filter((shapes) => !isKnown(shapes)).toSorted((a, b) => sizeOfRun(a) - sizeOfRun(b)),
  );
}

/** Whether every size of some shapes is at most that of others: then these cost as much at least. */
function isWithin(some: SampleRun['shapes'], others: SampleRun['shapes']): boolean {
  return some.every((shape, i) => shape.every((size, axis) => size <= (others[i]?.[axis] ?? 0)));
}

/** Cost that grows faster than the arguments mostly grows with their rows. */
function sizeOfRun(shapes: SampleRun['shapes']): number {
  return elementsOf(shapes) * rowsOf(shapes);
}

/** Total cost allowed for comparing values at further shapes, in multiplications: a few tenths of a second. */
const mostFurtherCost = 2e8;

/** Cost allowed for one of them, so that one that turns out too expensive leaves enough for the others. */
const mostCostOfOne = 6e7;

const values = 'the values of any results';

interface Emitted {
  readonly graph: ConcreteFunction;
  /** The edges that do not agree with it. */
  readonly open: readonly OpenRun[];
}

/** Emits, and traces again where several formulas fit and a further size would decide between them. */
function emitDecided(
  parts: GraphParts,
  fn: TensorFunction,
  first: SampleRuns,
): Emitted & { readonly traced: SampleRuns } {
  let traced = first;
  for (let further = 0; ; further++) {
    const decide = (undecided: readonly DecidingSize[]) =>
      further < mostFurtherRuns ? decidingRun(parts, fn, traced, undecided) : null;
    const emitted = emitRuns(parts, traced, decide);
    if ('graph' in emitted) return { traced, ...emitted };
    traced = { ...traced, runs: [...traced.runs, emitted] };
  }
}

/** If more are needed, what the function does with its sizes is not a formula. */
const mostFurtherRuns = 16;

/** A run like the first, but with one size that was not tried yet. */
function decidingRun(
  { inputs }: GraphParts,
  fn: TensorFunction,
  { runs }: SampleRuns,
  undecided: readonly DecidingSize[],
): SampleRun | null {
  const [first] = runs;
  if (!first) return null;
  for (const { dimension, size } of undecided) {
    const decided = argumentDimension(dimension, runs);
    if (!decided) continue;
    const known = inputs[decided.input]?.spec.shape ?? [];
    const name = known[decided.axis];
    const shapes = first.shapes.map((shape, input) =>
      shape.map((old, axis) => {
        const isSame = input === decided.input && axis === decided.axis;
        return isSame || (typeof name === 'string' && inputs[input]?.spec.shape?.[axis] === name) ? size : old;
      }),
    );
    const run = elementsOf(shapes) > mostDecidingElements ? null : traceSample(fn, inputs, shapes);
    if (run) return run;
  }
  return null;
}

/** Numbers in the arguments of a run that decides: 64 MB of float32. */
const mostDecidingElements = 2 ** 24;

/** The dimension of an argument that a size comes from, even if it was read from another tensor of that size. */
function argumentDimension({ source, axis }: SourceDimension, runs: readonly SampleRun[]) {
  const isSame = (input: number, other: number) =>
    source.shapes.slice(0, leastRuns).every((shape, k) => runs[k]?.shapes[input]?.[other] === shape[axis]);
  for (const [input, shape] of (runs[0]?.shapes ?? []).entries()) {
    const other = shape.findIndex((_, each) => isSame(input, each));
    if (other >= 0) return { input, axis: other };
  }
  return null;
}

interface OpenRun {
  readonly run: SampleRun;
  readonly difference: string | null;
}

/** Makes a run that decides between formulas that fit; null where there is none. */
type Decide = (undecided: readonly DecidingSize[]) => SampleRun | null;

/**
 * The graph of the runs that agree, and the edges that do not agree with them; or the run that decides where several formulas fit. Edges
 * are left aside only where no run decides: fewer runs fit more formulas.
 */
function emitRuns(parts: GraphParts, { runs }: SampleRuns, decide: Decide): Emitted | SampleRun {
  const undecided: DecidingSize[] = [];
  const emit = (some: readonly SampleRun[]) =>
    emitFunction({ ...parts, traces: tracesOf(some), alsoSeen: tracesOf(runs), undecided });
  const open = edgesOfOtherPaths(parts, runs);
  const alike = runs.filter((run) => !open.some((edge) => edge.run === run));
  try {
    return { graph: emit(alike), open };
  } catch (error) {
    const run = decideAfter(error, () => decide(undecided));
    if (run) return run;
    if (runs.length === 1) throw error;
  }
  const samples = runs.filter(({ kind }) => kind !== 'edge');
  try {
    const graph = emit(samples);
    return { graph, open: [...open, ...differingEdges(alike, graph, (edge) => emit([...samples, edge]))] };
  } catch (error) {
    const run = decideAfter(error, () => decide(undecided));
    if (!run) throw error;
    return run;
  }
}

function decideAfter(error: unknown, decide: () => SampleRun | null): SampleRun | null {
  if (!isNotTraceable(error)) throw error;
  return decide();
}

/** The edges with which another graph comes out, or none. */
function differingEdges(
  runs: readonly SampleRun[],
  graph: ConcreteFunction,
  emitWith: (edge: SampleRun) => ConcreteFunction,
): OpenRun[] {
  return runs.flatMap((run): OpenRun[] => {
    if (run.kind !== 'edge') return [];
    try {
      return emitWith(run).name === graph.name ? [] : [{ run, difference: null }];
    } catch (error) {
      if (!isNotTraceable(error)) throw error;
      return [{ run, difference: error.message }];
    }
  });
}

/** Edges where other ops run than elsewhere, or something that cannot be traced. */
function edgesOfOtherPaths({ label }: GraphParts, runs: readonly SampleRun[]): OpenRun[] {
  const first = runs.find(({ kind }) => kind !== 'edge')?.trace;
  return runs.flatMap((run): OpenRun[] => {
    if (run.kind !== 'edge' || !first) return [];
    const difference = run.trace && pathDifference(label, first, run.trace);
    return run.trace && !difference ? [] : [{ run, difference: difference?.message ?? null }];
  });
}

/** The runs whose values are compared whatever their traces say: two that are small, or the smallest; none of a large network. */
function routine({ runs }: SampleRuns): SampleRun[] {
  const [, , single = runs[0]] = runs.filter(({ kind }) => kind === 'edge');
  const wide = runs.find((run) => run.kind === 'wide' && costs(run) < smallCost);
  return [single, wide].flatMap((run) => (run && costs(run) < mostCost ? [run] : []));
}

function costs({ trace }: SampleRun): number {
  return trace ? valueCost(trace) : 0;
}

/** Cost allowed for comparing values, in multiplications, if a smaller run would do. */
const smallCost = 2e7;

/** Cost allowed in any case: a fraction of a second. For a large network, the traces show what it does with its sizes. */
const mostCost = 1e8;

function tracesOf(runs: readonly SampleRun[]) {
  return runs.flatMap(({ trace }) => trace ?? []);
}

function isNotTraceable(error: unknown): error is SignetError {
  return error instanceof SignetError && error.code === 'NOT_TRACEABLE';
}

function shapesText(shapes: readonly (readonly number[])[]): string {
  return shapes.map((shape) => `[${shape.join(', ')}]`).join(', ');
}
