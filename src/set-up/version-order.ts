/** Whether a dotted version is the same as another or newer; missing parts count as 0. */
export function isAtLeast(version: string, oldest: string): boolean {
  const found = parts(version);
  const wanted = parts(oldest);
  const position = wanted.findIndex((part, i) => part !== (found[i] ?? 0));
  return position === -1 || (found[position] ?? 0) > (wanted[position] ?? 0);
}

function parts(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}
