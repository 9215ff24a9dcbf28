/** Writes the table of `docs/tracing.md` from the cases that `test/tracing/coverage.test.ts` tests. */
import { readFile, writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

import { tracingTable, withTable } from '../../test/tracing/cases/tracing-table.js';
import { coverageGroups, refusedCases } from '../../test/tracing/coverage-cases.js';

const file = new URL('../../docs/tracing.md', import.meta.url);
const table = tracingTable(Object.values(coverageGroups()).flat(), refusedCases);
const document = withTable(await readFile(file, 'utf8'), table);
const options = await resolveConfig(file.pathname);
await writeFile(file, await format(document, { ...options, parser: 'markdown' }));
