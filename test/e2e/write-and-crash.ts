/** Run by kill-nine.test.ts in a process of its own: writes a copy of a model directory; `SIGNET_TEST_CRASH_AFTER` says after which step it dies. */
import { cp } from 'node:fs/promises';

import { writeModelDirectory } from '../../src/files/model-directory.js';

const [from = '', to = ''] = process.argv.slice(2);
await writeModelDirectory(to, (folder) => cp(from, folder, { recursive: true }));
