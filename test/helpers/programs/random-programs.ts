import fc from 'fast-check';

import type { Program, Step } from './program.js';
import { signatures } from './signatures.js';
import { stepKinds } from './steps.js';

/** Random programs. Half of them do unusual things, such as thresholds, loops over sizes and choices of tensors. */
export const randomPrograms: fc.Arbitrary<Program> = fc.oneof(programsWith(false), programsWith(true));

function programsWith(isWild: boolean): fc.Arbitrary<Program> {
  return fc.record({
    signature: fc.nat(signatures.length - 1),
    isWild: fc.constant(isWild),
    steps: steps(isWild),
    returnsSeveral: fc.boolean(),
    shapes: fc.nat(999),
  });
}

function steps(isWild: boolean): fc.Arbitrary<Step[]> {
  const numbers = { a: fc.nat(31), b: fc.nat(31), k: fc.nat(255) };
  const inner = fc.record({ kind: kindsOf(isWild, true), ...numbers, body: fc.constant([]) });
  const body = fc.array(inner, { minLength: 1, maxLength: 3 });
  const step = fc.record({ kind: kindsOf(isWild, false), ...numbers, body });
  return fc.array(step, { minLength: 1, maxLength: 8, size: 'max' });
}

function kindsOf(isWild: boolean, isInBody: boolean): fc.Arbitrary<string> {
  return fc.oneof(
    ...Object.entries(stepKinds).flatMap(([name, { weight, wild = false, hasBody = false }]) =>
      (wild && !isWild) || (hasBody && isInBody)
        ? []
        : [{ arbitrary: fc.constant(name), weight: wild || hasBody ? 3 * weight : weight }],
    ),
  );
}
