import { createRequire } from 'node:module';

/** Signet's version. */
export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('signet-ml/package.json') as { version: string }).version;
}
