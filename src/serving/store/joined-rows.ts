import { layoutOf, type TypedElements } from '../../tensorflow/data-type.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { type Copy, copyInTurns } from '../limits/copy-in-turns.js';
import { isStrings } from '../worker/packed-value.js';
import { rowShape, rowSize } from './batch-values.js';
import type { Outputs } from './queued-request.js';

/** Outputs of a request that is computed in parts. They are joined as the parts arrive: joining all of them at the end would take long. */
export class JoinedRows {
  readonly #values = new Map<string, TypedElements | Uint8Array[]>();
  #first: Outputs | undefined;
  #fits = true;

  /** @param rows Number of rows of the whole request. */
  constructor(readonly rows: number) {}

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

  /** Puts strings in place; numbers must still be copied. */
  #copy(name: string, { dtype, shape, values }: TensorValue, start: number): Copy[] {
    const size = rowSize(dtype, shape);
    if (dtype === 'string' || isStrings(values)) {
      const all = (this.#values.get(name) as Uint8Array[] | undefined) ?? Array<Uint8Array>(this.rows * size);
      this.#values.set(name, all);
      (values as readonly Uint8Array[]).forEach((string, i) => (all[start * size + i] = string));
      return [];
    }
    const all = (this.#values.get(name) as TypedElements | undefined) ?? new (layoutOf(dtype).array)(this.rows * size);
    this.#values.set(name, all);
    return [{ target: all, source: values, at: start * size }];
  }
}

function hasRows(outputs: Outputs, rows: number): boolean {
  return Object.values(outputs).every(({ shape }) => shape[0] === rows);
}
