import { inspect } from 'node:util';

import { printable } from './printable.js';
import { linksIn } from './terminal-link.js';

/** Writes lines to standard error, escaped so that no name quoted in them can control the terminal. */
export function tell(text: string): void {
  process.stderr.write(`${harmless(text)}\n`);
}

/** Writes a failure that nobody foresaw to standard error, with its stack. */
export function tellFailure(error: unknown): void {
  tell(inspect(error));
}

/** Writes text for people to standard output, with the characters escaped that would control the terminal. */
export function print(text: string): void {
  process.stdout.write(harmless(text));
}

/** Returns standard output for data, such as JSON lines: the caller escapes what it writes. */
export function standardOutput(): NodeJS.WriteStream {
  return process.stdout;
}

/** Returns standard error for what moves the cursor, such as a bar: the caller escapes what it writes. */
export function standardError(): NodeJS.WriteStream {
  return process.stderr;
}

/** Text for a terminal or a log: its line breaks, tabs and the links of `terminalLink` stay, other control characters are escaped. */
export function harmless(text: string): string {
  const links = linksIn(text);
  const [link, ...others] = links;
  if (link === undefined) return lines(text);
  return text
    .split(link)
    .map((part) => (others.length > 0 ? harmless(part) : lines(part)))
    .join(link);
}

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n');
}
