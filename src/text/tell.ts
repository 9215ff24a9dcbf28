import { printable } from './printable.js';

/** Writes lines to standard error; whatever names they quote, a terminal obeys none of it. */
export function tell(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/** Text for a terminal or a log: its line breaks and tabs stay, other control characters are escaped. */
export function harmless(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}
