/** Characters that would break a line, move the cursor or reverse the text of a terminal, and those that show nothing. */
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
