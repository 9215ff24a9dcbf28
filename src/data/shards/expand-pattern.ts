/**
 * Names the files of a pattern of numbers as WebDatasets write it: `train-{000..002}.tar` is `train-000.tar`, `train-001.tar` and `train-002.tar`.
 * Numbers have as many digits as the first one.
 *
 * @returns Null for other braces, numbers that descend, or more names than `most`.
 */
export function expandPattern(pattern: string, most: number): string[] | null {
  const [, before = '', from = '', to = '', after = ''] = /^([^{}]*)\{(\d{1,9})\.\.(\d{1,9})\}(.*)$/s.exec(pattern) ?? []; // prettier-ignore
  if (from === '') return null;
  const ends = /[{}]/.test(after) ? expandPattern(after, most) : [after];
  const count = Number(to) - Number(from) + 1;
  if (!ends || count < 1 || count * ends.length > most) return null;
  const numbers = Array.from({ length: count }, (_, i) => String(Number(from) + i).padStart(from.length, '0'));
  return numbers.flatMap((number) => ends.map((end) => before + number + end));
}
