import { layoutOf, type NumericDType, type TypedElements } from '../../tensorflow/data-type.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { type Copy, copyInTurns } from '../limits/copy-in-turns.js';
import { isStrings } from '../worker/packed-value.js';
import { sharedBufferOf, sharedMemory } from '../worker/shared-memory.js';
import { rowShape, rowSize } from './batch-values.js';
import type { Outputs } from './queued-request.js';

/**
 * Outputs of a request that is computed in parts. They are joined as the parts arrive: joining all of them at the end would take long. Large ones are
 * in shared memory, which the workers fill themselves from the second part on.
 */
export class JoinedRows {
  readonly #values = new Map<string, TypedElements | Uint8Array[]>();
  #first: Outputs | undefined;
  #fits = true;

  /** @param rows Number of rows of the whole request. */
  constructor(readonly rows: number) {}

  /** Where a part's outputs belong, for those in shared memory; undefined if there are none. */
  placesOf(start: number, rows: number): Outputs | undefined {
    const places = Object.entries(this.#first ?? {}).flatMap(([name, { dtype, shape }]) => {
      const all = this.#values.get(name);
      if (!all || isStrings(all) || !sharedBufferOf(all)) return [];
      const size = rowSize(dtype, shape);
      const values = all.subarray(start * size, (start + rows) * size);
      return [[name, { dtype, shape: [rows, ...shape.slice(1)], values }] as const];
    });
    return places.length > 0 ? Object.fromEntries(places) : undefined;
  }

  /**
   * Takes the outputs of a part.
   *
   * @param start Its first row.
   * @param rows Its number of rows.
   * @returns False if the outputs are not one row for each row of the part, of the same sizes as in the other parts.
   */
  async add(outputs: Outputs, start: number, rows: number): Promise<boolean> {
    this.#first ??= outputs;
    this.#fits &&= hasRows(outputs, rows) && rowShape(outputs) === rowShape(this.#first);
    if (!this.#fits) return false;
    await copyInTurns(Object.entries(outputs).flatMap(([name, value]) => this.#copy(name, value, start)));
    return true;
  }

  /** All rows, once every part has been added; null if a part did not fit. */
  get outputs(): Outputs | null {
    if (!this.#fits) return null;
    const named = Object.entries(this.#first ?? {}).map(([name, { dtype, shape }]) => {
      return [name, { dtype, shape: [this.rows, ...shape.slice(1)], values: this.#values.get(name) ?? [] }] as const;
    });
    return Object.fromEntries(named);
  }

  /** Gives up what has been added. */
  release(): void {
    for (const values of this.#values.values()) {
      const buffer = sharedBufferOf(values);
      if (buffer) sharedMemory.giveBack(buffer);
    }
    this.#values.clear();
  }

  /** Puts strings in place; numbers must still be copied, unless a worker has put them there. */
  #copy(name: string, { dtype, shape, values }: TensorValue, start: number): Copy[] {
    const size = rowSize(dtype, shape);
    if (dtype === 'string' || isStrings(values)) {
      const all = (this.#values.get(name) as Uint8Array[] | undefined) ?? Array<Uint8Array>(this.rows * size);
      this.#values.set(name, all);
      (values as readonly Uint8Array[]).forEach((string, i) => (all[start * size + i] = string));
      return [];
    }
    const all = (this.#values.get(name) as TypedElements | undefined) ?? memoryFor(dtype, this.rows * size);
    this.#values.set(name, all);
    const isThere = values.buffer === all.buffer;
    return isThere ? [] : [{ target: all, source: values, at: start * size }];
  }
}

function memoryFor(dtype: NumericDType, count: number): TypedElements {
  const Elements = layoutOf(dtype).array as new (
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ) => TypedElements;
  const bytes = count * layoutOf(dtype).array.BYTES_PER_ELEMENT;
  return new Elements(sharedMemory.take(bytes) ?? new ArrayBuffer(bytes), 0, count);
}

function hasRows(outputs: Outputs, rows: number): boolean {
  return Object.values(outputs).every(({ shape }) => shape[0] === rows);
}
