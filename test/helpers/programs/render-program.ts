import type { Program } from './program.js';
import { type ProgramState, Scope } from './scope.js';
import { type ArgumentOf, signatures } from './signatures.js';
import { isNumber } from './scope.js';
import { writeSteps } from './steps.js';

/** A program as JavaScript: the body of a function that takes an environment and returns the program's own function. */
export interface RenderedProgram {
  readonly source: string;
  readonly signature: Readonly<Record<string, ArgumentOf>>;
  /** Whether it draws numbers. */
  readonly isRandom: boolean;
}

/** Writes a program as JavaScript. */
export function renderProgram({ signature: chosen, isWild, steps, returnsSeveral }: Program): RenderedProgram {
  const signature = signatures[chosen] ?? {};
  const state: ProgramState = { count: 0, isWild, prelude: [], isRandom: false };
  const scope = new Scope(state);
  const known = new Set<string>();
  for (const [name, { dtype, dims }] of Object.entries(signature)) {
    const named = dims.map((size) => (isNumber(size) || known.has(size) ? '' : size));
    if (named.some((size) => size !== ''))
      scope.lines.push(`const [${named.join(', ').replace(/[, ]+$/, '')}] = ${name}.shape;`);
    named.forEach((size) => known.add(size));
    scope.declare({ name, dtype: dtype === 'uint8' || dtype === 'int64' ? 'int32' : (dtype as 'float32'), dims });
  }
  writeSteps(scope, steps);
  const results = returnsSeveral ? [0, 1, 2].flatMap((i) => scope.pick(i)?.name ?? []) : [];
  const result = returnsSeveral
    ? `{ ${[...new Set(results)].map((name) => `r_${name}: ${name}`).join(', ')} }`
    : scope.pick(0)?.name;
  const lines = [...scope.lines, `return ${result};`].map((line) => `  ${line}`);
  const source = [...state.prelude, `return (${Object.keys(signature).join(', ')}) => {`, ...lines, '};'].join('\n');
  return { source, signature, isRandom: state.isRandom };
}
