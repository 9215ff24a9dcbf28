/** Numbers that programs compare sizes with and divide them by. */
const constants = [2, 3, 4, 8, 5, 16, 7, 10, 32, 60, 64, 96, 100, 224] as const;

export function constantOf(k: number): number {
  return constants[k % constants.length] ?? 2;
}

/** Makes a size from two others, as JavaScript. */
type SizeForm = (d: string, e: string, k: number) => string;

/** Sizes from 0 to `d`, of the forms that docs/tracing.md lists. */
const plainWithin: readonly SizeForm[] = [
  (d) => d,
  (d) => `${d} - 1`,
  (d) => `Math.floor(${d} / 2)`,
  (d) => `Math.ceil(${d} / 2)`,
  (d) => `Math.ceil(${d} / 4)`,
  () => '1',
];

const wildWithin: readonly SizeForm[] = [
  (d, _, k) => `Math.min(${d}, ${k})`,
  (d, _, k) => `Math.floor(${d} / ${k}) * ${k}`,
  (d, _, k) => `Math.floor(${d} / ${k})`,
  (d) => `Math.round(${d} * 0.875)`,
  (d, _, k) => `Math.max(0, ${d} - ${k})`,
  (d, _, k) => `${d} % ${k}`,
  (d, _, k) => `(${d} > ${k} ? ${k} : ${d})`,
  (d, e) => `Math.min(${d}, ${e})`,
  (d) => `${d} >> 1`,
  (d, _, k) => `Math.ceil(${d} / ${k})`,
  (d) => `Math.floor(Math.sqrt(${d}))`,
  (d) => `(${d} % 2 === 0 ? ${d} : ${d} - 1)`,
  (d) => `Math.max(1, Math.floor(${d} * 0.3))`,
  (d, _, k) => `Math.max(0, Math.floor((${d} - ${k}) / 4) + 1)`,
];

/** Sizes that may be more than `d`. */
const plainBeyond: readonly SizeForm[] = [
  (d) => d,
  (d) => `${d} + 1`,
  (d) => `2 * ${d}`,
  (d) => `Math.ceil(${d} / 2)`,
  () => '3',
];

const wildBeyond: readonly SizeForm[] = [
  (d, _, k) => `Math.max(${d}, ${k})`,
  (d, _, k) => `Math.ceil(${d} / ${k}) * ${k}`,
  (d, e) => `Math.max(${d}, ${e})`,
  (d, _, k) => `(${d} < ${k} ? ${k} : ${d})`,
  (d, _, k) => `${d} + (${k} - (${d} % ${k})) % ${k}`,
  (d, e) => `${d} + ${e}`,
  (d) => `Math.round(${d} * 1.25)`,
  (d, _, k) => `Math.min(${d}, ${k})`,
  (d) => `2 ** Math.ceil(Math.log2(${d}))`,
];

/** What a step chooses a size by. */
export interface SizeChoice {
  readonly d: string;
  readonly e: string;
  readonly k: number;
  readonly isWild: boolean;
}

/** A size from 0 to `d`. */
export function sizeWithin({ d, e, k, isWild }: SizeChoice): string {
  return choose(isWild ? wildWithin : plainWithin, d, e, k);
}

/** A size that may be larger than `d`. */
export function sizeBeyond({ d, e, k, isWild }: SizeChoice): string {
  return choose(isWild ? wildBeyond : plainBeyond, d, e, k);
}

/** Whether a size meets a condition, as JavaScript. */
export function sizeCondition({ d, e, k }: SizeChoice): string {
  const number = constantOf(k >> 3);
  const forms = [`${d} > ${number}`, `${d} % 2 === 0`, `${d} === 1`, `${d} > ${e}`, `${d} % ${number} === 0`, `${d} === ${e}`, `${d} < ${number}`]; // prettier-ignore
  return forms[k % forms.length] ?? '';
}

function choose(forms: readonly SizeForm[], d: string, e: string, k: number): string {
  return forms[k % forms.length]?.(grouped(d), grouped(e), constantOf(k >> 4)) ?? d;
}

/** An expression as an operand. */
export function grouped(size: string): string {
  return /^[\w.]+$|^Math\.\w+\([^()]*\)$/.test(size) ? size : `(${size})`;
}

/** A sum, product or difference, computed if it consists of numbers, so that equal sizes have the same text. */
export function joined(a: string, op: '+' | '-' | '*', b: number): string {
  const known = Number(a);
  if (!Number.isNaN(known)) return String(op === '*' ? known * b : op === '+' ? known + b : known - b);
  return b === 1 && op === '*' ? a : b === 0 && op !== '*' ? a : `${grouped(a)} ${op} ${b}`;
}
