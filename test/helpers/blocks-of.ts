import { readFileSync } from 'node:fs';

/** The blocks of TypeScript of a document. */
export function blocksOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
}
