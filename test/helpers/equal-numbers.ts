/**
 * Whether two lists hold the same numbers, as Vitest's `toEqual` sees it: a tester for `expect.addEqualityTesters`. Vitest itself compares lists by
 * their keys, which takes seconds for the weights of a network. Returns `undefined` for lists of anything else, which Vitest then compares.
 */
export function equalNumbers(a: unknown, b: unknown): boolean | undefined {
  if (!isList(a) || !isList(b) || a.constructor !== b.constructor || a.length !== b.length) return undefined;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i], b[i]];
    if (typeof x !== 'number' || typeof y !== 'number') return undefined;
    if (!Object.is(x, y)) return false;
  }
  return true;
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
