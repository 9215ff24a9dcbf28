/** Vitest's set-up for every test file. */
import { afterAll, expect } from 'vitest';

import { equalNumbers } from './equal-numbers.js';
import { removeFoldersForAll } from './temporary-folder.js';

// For threads that Signet starts, here and in processes that a test starts.
process.env.SIGNET_LOADER = new URL('./loader.js', import.meta.url).href;

expect.addEqualityTesters([equalNumbers]);

afterAll(removeFoldersForAll);

// Files that share a process leave no variables behind, because every trace looks at all variables.
afterAll(() => (globalThis as { _tfengine?: { disposeVariables(): void } })._tfengine?.disposeVariables());
