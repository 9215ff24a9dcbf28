/** Characters that would break a line, move the cursor or reverse the text of a terminal, and invisible characters. */
const unprintable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b\ufeff\ufffd]/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * A name from an untrusted place as one harmless line: control characters and their like become escapes, as in `a\nb`.
 *
 * For people only; the result is not a path.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => short[character] ?? escape(character));
}

/** Names in a sentence: `"cat", "dog"`. */
export function quoted(names: Iterable<string>): string {
  return Array.from(names, (name) => `"${printable(name)}"`).join(', ');
}

function escape(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Characters that JSON leaves as they are but a terminal obeys or does not show: C1 controls, bidirectional marks, separators, BOM. */
const unprintableInJson = /[\x7f-\x9f\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\u200b\ufeff]/gu;

/**
 * JSON that is safe to print whatever names an untrusted model holds: still the same JSON, with escapes such as `\u202e`.
 *
 * A string's JSON is also a literal of the same string in TypeScript and in Python.
 *
 * @param space Spaces per level of indentation. Default: everything on one line.
 */
export function jsonText(value: unknown, space = 0): string {
  return JSON.stringify(value, null, space).replace(
    unprintableInJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Quotes a word for a shell with single quotes, if it needs them. */
export function shellQuoted(word: string): string {
  return /^(?!~)[\w./@:+%~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
