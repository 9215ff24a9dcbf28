/** Vitest's set-up of every test file. */
import { afterAll } from 'vitest';

import { removeFoldersForAll } from './temporary-folder.js';

afterAll(removeFoldersForAll);
