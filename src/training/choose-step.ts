import { SignetError } from '../errors.js';
import type * as tf from '../tensorflow/tf.js';
import type { Step, TrainStepsOptions } from './train-steps.js';

/** Runs a training step. */
export type StepRunner = Step;

/** Steps that are not measured: memory is taken and caches fill. XLA compiles in the first of its own. */
const warmUpSteps = 5;
const measuredSteps = 20;
/** Below this, in seconds, nothing that XLA could save would pay for its compiling, which takes 5 to 45. */
const worthTrying = 60;

/**
 * Runs each step in one of two ways, which share their variables.
 *
 * XLA compiles for one batch size: that of the first step. Other batches, such as an epoch's last, go as a graph: nothing is
 * compiled twice, and no padding enters batch normalization.
 *
 * With `auto` the first steps go as a graph and are timed; when the rest would take long, as many go by XLA, and the faster way
 * is kept. Without knowing how many steps there are, it stays with the graph.
 */
export function chooseStep(
  ways: Readonly<Record<'graph' | 'xla', StepRunner>>,
  { jit, steps, onNote }: Pick<TrainStepsOptions, 'jit' | 'steps' | 'onNote'>,
): StepRunner {
  let batch: number | undefined;
  let isXlaPossible = true;
  const byXla: StepRunner = (data) => {
    batch ??= data[0]?.shape[0];
    if (!isXlaPossible || data[0]?.shape[0] !== batch) return ways.graph(data);
    try {
      return ways.xla(data);
    } catch (error) {
      if (!(error instanceof SignetError)) throw error;
      isXlaPossible = false;
      onNote(`XLA cannot compile the training step, which runs as a graph: ${error.message}`);
      return ways.graph(data);
    }
  };
  if (jit === 'xla') return byXla;
  const trial = new Trial({ graph: ways.graph, xla: byXla }, steps, onNote);
  return (data) => trial.run(data);
}

/** Measures both ways and keeps one. */
class Trial {
  #phase: 'graph' | 'xla' | 'over' = 'graph';
  #kept: StepRunner;
  #taken = 0;
  #times: number[] = [];
  #graphMilliseconds = NaN;

  constructor(
    private readonly ways: Readonly<Record<'graph' | 'xla', StepRunner>>,
    private readonly steps: number | undefined,
    private readonly onNote: (note: string) => void,
  ) {
    this.#kept = ways.graph;
    if (steps === undefined) this.#phase = 'over';
  }

  run(data: tf.Tensor[]): tf.Scalar[] {
    if (this.#phase === 'over') return this.#kept(data);
    const start = performance.now();
    const results = this.ways[this.#phase](data);
    this.#taken += 1;
    if (this.#taken > warmUpSteps) this.#times.push(performance.now() - start);
    if (this.#times.length === measuredSteps) this.#decide(medianOf(this.#times));
    return results;
  }

  #decide(milliseconds: number): void {
    if (this.#phase === 'graph') {
      this.#graphMilliseconds = milliseconds;
      const left = ((this.steps ?? 0) - this.#taken) * milliseconds;
      this.#phase = left > worthTrying * 1000 ? 'xla' : 'over';
    } else {
      const isFaster = milliseconds < this.#graphMilliseconds;
      if (isFaster) this.#kept = this.ways.xla;
      const [graph, xla] = [this.#graphMilliseconds, milliseconds].map((each) => `${each.toFixed(1)} ms`);
      this.onNote(`a step takes ${graph} as a graph, ${xla} by XLA: ${isFaster ? 'XLA' : 'the graph'} is kept`);
      this.#phase = 'over';
    }
    this.#taken = 0;
    this.#times = [];
  }
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
