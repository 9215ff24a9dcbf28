import type { NamedSpec } from './concrete-function.js';
import { sampleKinds, SampleSizes, type SizeSample } from './sample-sizes.js';
import type { Dimension } from './tensor-spec.js';

/** The shape of every argument of a function in every one of its traces. */
export class ShapeSamples {
  readonly #shapes: ReadonlyMap<string, readonly SizeSample[] | null>;

  /** @param ofAnyRank Number of elements of an argument of unknown rank. */
  constructor(
    private readonly inputs: readonly NamedSpec[],
    private readonly ofAnyRank: 'many' | 'one',
  ) {
    const sizes = new SampleSizes();
    this.#shapes = new Map(
      inputs.map(({ name, spec }) => [name, spec.shape?.map((size) => sampleOf(size, sizes)) ?? null]),
    );
  }

  /** Whether every size of every argument is known. */
  get areFixed(): boolean {
    return this.inputs.every(({ spec }) => spec.shape?.every((size) => typeof size === 'number') ?? false);
  }

  /** @param row Which trace, from 0. */
  of(name: string, row: number): number[] {
    const samples = this.#shapes.get(name);
    if (samples) return samples.map((sample) => sample[row] ?? 0);
    const shape = anyRank[row] ?? [];
    return this.ofAnyRank === 'many' ? [...shape] : shape.map(() => 1);
  }

  /** A source of further sizes that gives every trace its own column of the same samples. */
  sizesAfterArguments(): SampleSizes {
    const sizes = new SampleSizes();
    for (const { spec } of this.inputs) for (const size of spec.shape ?? []) sampleOf(size, sizes);
    return sizes;
  }
}

/** The shapes of arguments of unknown rank, trace by trace. */
const anyRank: readonly (readonly number[])[] = [
  [], [2], [3, 5], [2, 3, 4], [3, 2, 4, 5], [70], [12, 40], [3, 33, 9], [2, 24, 32, 3], [300], [1], [3, 3], [1, 8, 8],
]; // prettier-ignore

function sampleOf(size: Dimension, sizes: SampleSizes): SizeSample {
  if (typeof size === 'number') return new Array<number>(sampleKinds.length).fill(size);
  return size === null ? sizes.next() : sizes.named(size);
}
