import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { exportFiles } from '../../src/export/export-files.js';
import type { ExportFormat, ExportQuantization } from '../../src/export/export-format.js';

/** Exports a SavedModel in its own process, and writes the seconds to `OUTPUT.json`: `export-one.ts DIRECTORY FORMAT QUANTIZATION OUTPUT`. */
const [directory = '', format = '', quantize = '', output = ''] = process.argv.slice(2);
const start = performance.now();
const files = await exportFiles(directory, format as ExportFormat, { quantize: quantize as ExportQuantization });
const seconds = (performance.now() - start) / 1000;
await mkdir(output, { recursive: true });
for (const [name, bytes] of files) await writeFile(path.join(output, name), bytes);
await writeFile(`${output}.json`, JSON.stringify({ seconds }));
