/**
 * Compares two texts as Python's `sorted` does, by Unicode code point, so that classes get the labels Keras gives them.
 *
 * JavaScript's `<` compares UTF-16 units, which puts an emoji before a full-width letter.
 */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Moves surrogates, the halves of what lies beyond U+FFFF, above every other unit. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
