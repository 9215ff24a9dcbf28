/** A word as a shell takes it: between single quotes, unless it means itself without them. */
export function shellQuoted(word: string): string {
  return /^(?!~)[\w./@:+%~-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
