import type { Step } from './program.js';
import { type SizeChoice, sizeBeyond, sizeCondition, sizeWithin } from './sizes.js';

/** A tensor of a program. Dimensions are JavaScript expressions: two with the same text are equal in every call. */
export interface Value {
  readonly name: string;
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly dims: readonly string[];
}

/** State that the scopes of a program share. */
export interface ProgramState {
  count: number;
  readonly isWild: boolean;
  /** Lines before the function: inner functions. */
  readonly prelude: string[];
  /** Whether it draws numbers, in which case only shapes and types can be compared. */
  isRandom: boolean;
}

/** Writes the lines of a function or a body. */
export class Scope {
  readonly lines: string[] = [];
  readonly #values: Value[] = [];

  /** @param isSmooth Whether a gradient is taken of its result. */
  constructor(
    readonly state: ProgramState,
    readonly outer: Scope | null = null,
    readonly isSmooth: boolean = outer?.isSmooth ?? false,
  ) {}

  /** Its own values, followed by those of the scopes around it. */
  get values(): readonly Value[] {
    return [...(this.outer?.values ?? []), ...this.#values];
  }

  /** Its own newest value. */
  get last(): Value | null {
    return this.#values.at(-1) ?? null;
  }

  /** Returns the `choice`-th newest of the values that fit. */
  pick(choice: number, fits: (value: Value) => boolean = () => true): Value | null {
    const fitting = this.values.filter(fits).reverse();
    return fitting[choice % Math.max(1, fitting.length)] ?? null;
  }

  /** Adds a value that exists already, such as an argument. */
  declare(value: Value): void {
    this.#values.push(value);
  }

  /** A new value. */
  add(expression: string, dtype: Value['dtype'], dims: readonly string[]): Value {
    const value = { name: `v${this.state.count++}`, dtype, dims: dims.map(folded) };
    this.lines.push(`const ${value.name} = ${expression};`);
    this.#values.push(value);
    return value;
  }

  within(value: Value, axis: number, step: Step): string {
    return folded(sizeWithin(this.#choice(value, axis, step)));
  }

  beyond(value: Value, axis: number, step: Step): string {
    return folded(sizeBeyond(this.#choice(value, axis, step)));
  }

  condition(value: Value, axis: number, step: Step): string {
    return sizeCondition(this.#choice(value, axis, step));
  }

  #choice(value: Value, axis: number, { b, k }: Step): SizeChoice {
    const all = this.values.flatMap(({ dims }) => dims).filter((size) => !isNumber(size));
    return { d: value.dims[axis] ?? '1', e: all[b % Math.max(1, all.length)] ?? '5', k, isWild: this.state.isWild };
  }
}

export function isNumber(size: string): boolean {
  return !Number.isNaN(Number(size));
}

/** A constant expression as a number, so that equal sizes have the same text. */
function folded(size: string): string {
  if (isNumber(size) || /[a-z]/i.test(size.replace(/Math\.\w+/g, ''))) return size;
  // oxlint-disable-next-line typescript/no-implied-eval -- made of digits, operators and Math alone
  return String((new Function(`return ${size}`) as () => number)());
}
