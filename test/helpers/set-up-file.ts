/** Vitest's set-up of every test file. */
import { afterAll, expect } from 'vitest';

import { equalNumbers } from './equal-numbers.js';
import { removeFoldersForAll } from './temporary-folder.js';

expect.addEqualityTesters([equalNumbers]);

afterAll(removeFoldersForAll);
