import { median } from '../../data/statistics.js';
import { SignetError } from '../../errors.js';
import type * as tf from '../../tensorflow/tf.js';
import type { Step } from '../tfjs-step.js';

/**
 * Ways to run a step: `graph` runs it as one graph, `xla` also compiles it with XLA, `auto` runs it as a graph unless the training is long
 * and XLA measures faster, and `off` runs it op by op, as TF.js does.
 */
export type Jit = 'auto' | 'graph' | 'xla' | 'off';

/** Options of `chooseStep`. */
export interface StepChoice {
  readonly jit: Exclude<Jit, 'off'>;
  /** Number of steps that the training has at most. Default: unknown. */
  readonly steps?: number | undefined;
  /** Called with the choice of `auto`, and the reason if XLA cannot be used. */
  readonly onNote: (note: string) => void;
}

/** State of the choice between two ways to run a step. */
export interface StepState {
  readonly jit: StepChoice['jit'];
  /** The way that `auto` has chosen; null before it has. */
  readonly kept: Way | null;
  /** The batch size that XLA compiles for; null before the first step. */
  readonly batch: number | null;
}

/** A step that is run in one of two ways. */
export interface ChosenStep {
  readonly run: Step;
  saveState(): StepState;
  /** Continues with the way that was chosen, unless `jit` is a different one now. @param state From a file. */
  restoreState(state: unknown): void;
}

type Way = 'graph' | 'xla';

/** Steps before the measured ones: they allocate memory and fill caches, and XLA compiles in the first one. */
const warmUpSteps = 5;
/** Maximum number of measured steps; fewer if they are long, or if the answer is clear. */
const measuredSteps = 20;
const fewestSteps = 3;
/** Milliseconds of measured graph steps that are enough. */
const enoughMilliseconds = 2000;
/** Cost allowed for finding out, as a share of the rest of the training. */
const mostOfTheRest = 0.02;
/** Milliseconds that XLA takes to compile: 2 to 10 s for a small network, 20 s for EfficientNet-Lite0. */
const compiling = 10_000;
/** How many times a graph's step the slowest one with XLA takes: EfficientNet-Lite0's, on a processor. The first one cannot be ended early. */
const slowest = 16;
/** A way is clearly faster if all its steps are faster by this factor. */
const clearly = 1.1;

/**
 * Runs each step in one of two ways, which share their variables.
 *
 * XLA compiles for one batch size: the first step's. Other batches, such as an epoch's last, run as a graph: nothing is
 * compiled twice, and no padding enters batch normalization.
 *
 * With `auto` the first steps run as a graph and are timed; if 2 % of the rest would pay for compiling and a slow first step, some more run with
 * XLA, and the faster way is kept. It ends as soon as the answer is clear, and at the latest when XLA has cost, compiling included, 2 % of the remaining time. If the number of steps is
 * unknown, it stays with the graph.
 */
export function chooseStep(ways: Readonly<Record<Way, Step>>, { jit, steps, onNote }: StepChoice): ChosenStep {
  const xla = new XlaStep(ways, onNote);
  const trial = new Trial({ graph: ways.graph, xla: (data) => xla.run(data) }, steps, onNote);
  const runs = {
    graph: ways.graph,
    xla: (data: tf.Tensor[]) => xla.run(data),
    auto: (data: tf.Tensor[]) => trial.run(data),
  };
  return {
    run: runs[jit],
    saveState: () => ({ jit, kept: trial.kept, batch: xla.batch }),
    restoreState: (state) => {
      const saved: Partial<StepState> | null = typeof state === 'object' ? state : null;
      if (saved?.jit !== jit) return;
      if (Number.isSafeInteger(saved.batch)) xla.batch = saved.batch ?? null;
      if (saved.kept === 'graph' || saved.kept === 'xla') trial.keep(saved.kept);
    },
  };
}

/** A step with XLA, for batches of one size; other batches run as a graph, and all do if XLA cannot compile the step. */
class XlaStep {
  batch: number | null = null;
  #isPossible = true;

  constructor(
    private readonly ways: Readonly<Record<Way, Step>>,
    private readonly onNote: (note: string) => void,
  ) {}

  run(data: tf.Tensor[]): tf.Scalar[] {
    const size = data[0]?.shape[0] ?? 0;
    this.batch ??= size;
    if (!this.#isPossible || size !== this.batch) return this.ways.graph(data);
    try {
      return this.ways.xla(data);
    } catch (error) {
      if (!(error instanceof SignetError && isSaidByXla(error))) throw error;
      this.#isPossible = false;
      this.onNote(`XLA cannot compile the training step, which runs as a graph: ${error.message}`);
      return this.ways.graph(data);
    }
  }
}

/**
 * Checks whether XLA refused to compile, as in "Detected unsupported operations when trying to compile graph ... on XLA_CPU_JIT". Any other failure,
 * such as a lack of memory, would occur as a graph too.
 */
function isSaidByXla({ message }: SignetError): boolean {
  return /\bXLA\b|\bXLA_[A-Z]+_JIT\b|\btf2xla\b|compile-time constant/.test(message);
}

/** Measures both ways and keeps the faster one. */
class Trial {
  #phase: Way | 'over' = 'graph';
  #kept: Way | null = null;
  #taken = 0;
  #times: number[] = [];
  #graphMilliseconds = NaN;
  /** How many milliseconds longer XLA's steps took than the graph's would have. */
  #spent = 0;
  #budget = 0;

  constructor(
    private readonly ways: Readonly<Record<Way, Step>>,
    private readonly steps: number | undefined,
    private readonly onNote: (note: string) => void,
  ) {
    if (steps === undefined) this.keep('graph');
  }

  /** Null while it measures. */
  get kept(): Way | null {
    return this.#kept;
  }

  keep(way: Way): void {
    this.#kept = way;
    this.#phase = 'over';
  }

  run(data: tf.Tensor[]): tf.Scalar[] {
    if (this.#phase === 'over') return this.ways[this.#kept ?? 'graph'](data);
    const start = performance.now();
    const results = this.ways[this.#phase](data);
    this.#note(performance.now() - start);
    return results;
  }

  #note(milliseconds: number): void {
    this.#taken += 1;
    if (this.#phase === 'graph') {
      if (this.#taken > warmUpSteps) this.#times.push(milliseconds);
      if (isEnough(this.#times)) this.#decideWhetherToTry(median(this.#times));
      return;
    }
    this.#spent += milliseconds - this.#graphMilliseconds;
    // In the first step XLA compiles.
    if (this.#taken > 1) this.#times.push(milliseconds);
    if (this.#times.length > 0 && this.#isClear()) this.#decide(median(this.#times));
  }

  #decideWhetherToTry(milliseconds: number): void {
    this.#graphMilliseconds = milliseconds;
    const left = ((this.steps ?? 0) - this.#taken) * milliseconds;
    this.#budget = left * mostOfTheRest;
    this.#taken = 0;
    this.#times = [];
    if (this.#budget > compiling + slowest * milliseconds) this.#phase = 'xla';
    else this.keep('graph');
  }

  /** Whether further steps with XLA would not change the result. */
  #isClear(): boolean {
    const [times, graph] = [this.#times, this.#graphMilliseconds];
    if (times.length === measuredSteps || this.#spent > this.#budget) return true;
    if (times.length < fewestSteps) return false;
    return Math.min(...times) > graph * clearly || Math.max(...times) < graph / clearly;
  }

  #decide(milliseconds: number): void {
    const isFaster = milliseconds < this.#graphMilliseconds;
    this.keep(isFaster ? 'xla' : 'graph');
    const [graph, xla] = [this.#graphMilliseconds, milliseconds].map((each) => `${each.toFixed(1)} ms`);
    const cost = (Math.max(0, this.#spent) / 1000).toFixed(1);
    this.onNote(
      `a step takes ${graph} as a graph, ${xla} by XLA: ${isFaster ? 'XLA' : 'the graph'} is kept (finding out took ${cost} s longer)`,
    );
  }
}

function isEnough(times: readonly number[]): boolean {
  if (times.length < fewestSteps) return false;
  return times.length === measuredSteps || times.reduce((sum, each) => sum + each, 0) > enoughMilliseconds;
}
