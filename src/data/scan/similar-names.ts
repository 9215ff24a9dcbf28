import { printable } from '../../text/printable.js';

/** Lower-case letters of Cyrillic and Greek that look like Latin ones, in pairs. */
const pairs = 'аaеeоoрpсcуyхxіiјjѕsԁdһhӏlԛqԝwοoνvαaρpιiκk';
const latin: ReadonlyMap<string, string> = new Map(
  Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i] ?? '', pairs[2 * i + 1] ?? '']),
);

/**
 * Finds pairs of class names that look alike: that differ in upper and lower case, in spaces and dashes, in invisible characters, or in letters of
 * other scripts or forms.
 *
 * @param others Names that each may look like. Default: the names themselves.
 * @returns a sentence for each pair, such as `"Cat" and "cat" differ only in upper and lower case.`
 */
export function similarNames(names: readonly string[], others: readonly string[] = names): string[] {
  const byLook = new Map<string, string>();
  const found: string[] = [];
  for (const name of others === names ? [] : others) byLook.set(lookOf(name), name);
  for (const name of names) {
    const other = byLook.get(lookOf(name));
    if (other === undefined && others === names) byLook.set(lookOf(name), name);
    if (other !== undefined && other !== name) found.push(sentence(other, name));
  }
  return found;
}

/** A name without everything that a reader may overlook. */
function lookOf(name: string): string {
  const plain = name.normalize('NFKC').toLowerCase().replace(/\p{Cf}/gu, '').replace(/\p{Pd}/gu, '-').replace(/\s+/gu, ' '); // prettier-ignore
  return Array.from(plain.trim(), (letter) => latin.get(letter) ?? letter).join('');
}

function sentence(one: string, other: string): string {
  const isCase = one.toLowerCase() === other.toLowerCase();
  if (isCase) return `"${printable(one)}" and "${printable(other)}" differ only in upper and lower case.`;
  const [a, b] = [Array.from(one), Array.from(other)];
  const at = a.findIndex((letter, i) => letter !== b[i]);
  const first = at === -1 ? a.length : at;
  return `"${printable(one)}" and "${printable(other)}" look alike and differ from character ${first + 1} on: ${codeOf(a[first])} and ${codeOf(b[first])}.`;
}

function codeOf(letter: string | undefined): string {
  if (letter === undefined) return 'nothing';
  return `U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
