/** What JSON leaves as it is but a terminal obeys or does not show: C1 controls, bidirectional marks, separators, BOM. */
const unprintable = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\u200b\ufeff]/gu;

/**
 * JSON that is safe to print whatever names an untrusted model holds: still the same JSON, with escapes such as `\u202e`.
 *
 * A string's JSON is also a literal of the same string in TypeScript and in Python.
 *
 * @param space Spaces an indented level; default: all on one line.
 */
export function jsonText(value: unknown, space = 0): string {
  return JSON.stringify(value, null, space).replace(
    unprintable,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
