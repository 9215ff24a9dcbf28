/** The names that differ least from a mistyped one, the nearest first. Ignores case, and everything but letters and digits. */
export function nearNames(received: string, names: readonly string[], most = 5): string[] {
  const letters = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');
  const distances = names.map((name) => [name, editDistance(letters(received), letters(name))] as const);
  return distances
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, most)
    .map(([name]) => name);
}

/**
 * Number of letters to change, insert or delete: the Levenshtein distance. For a text that is longer than any name it is the text's length, without a
 * comparison.
 */
function editDistance(a: string, b: string): number {
  if (a.length > 200) return a.length;
  let row = Array.from({ length: Array.from(b).length + 1 }, (_, i) => i);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const changed = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
