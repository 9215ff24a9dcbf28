/** Writes docs/commands.md from the tables of flags; test/scripts/generate/commands-document.test.ts fails when it is out of date. */
import { writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

import { commandsDocument } from './commands-document.js';

const file = new URL('../../docs/commands.md', import.meta.url);
const options = await resolveConfig(file.pathname);
await writeFile(file, await format(commandsDocument(), { ...options, parser: 'markdown' }));
