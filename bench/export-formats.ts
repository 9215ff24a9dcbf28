import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import type { ExportFormat, ExportQuantization } from '../src/export/export-format.js';
import { openExported } from '../src/export/runtimes/open-exported.js';
import { folderBytes } from '../src/files/folder-bytes.js';
import { runChild } from '../src/files/run-child.js';
import { modelTypes } from '../src/models/model-types.js';
import { LoadedSavedModel } from '../src/saved-model/run/load-saved-model.js';
import { compareAnswers, noiseBatches } from '../test/helpers/models/exported-difference.js';

/**
 * `npm run bench:export-formats -- [MODEL TYPE ...]`: the cost of exporting each family with 1,000 classes to each format, each in its own process:
 * seconds, peak memory (of the larger of this process and LiteRT's converter), size relative to the SavedModel's, and the largest differences of a
 * probability, and of a logit relative to the largest one, over batches of one and five pictures in two sizes. Weights are random, which makes no
 * difference to the cost.
 */
const given = process.argv.slice(2);
const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
const forms: readonly (readonly [ExportFormat, ExportQuantization])[] = [
  ['tfjs', 'none'], ['tfjs', 'float16'], ['onnx', 'none'], ['onnx', 'float16'], ['litert', 'none'], ['litert', 'float16'], ['litert', 'dynamic'],
]; // prettier-ignore
const one = new URL('./export-formats/export-one.ts', import.meta.url).pathname;
const measure = new URL('./train/measure_command.py', import.meta.url).pathname;

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
console.log('| model | format | `--quantize` | seconds | memory | size | probability | logit | other classes |');
console.log('| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const name of given.length > 0 ? given : Object.keys(modelTypes)) {
  const make = modelTypes[name];
  if (!make) throw new Error(`There is no model type ${name}. There are: ${Object.keys(modelTypes).join(', ')}.`);
  const directory = path.join(folder, name);
  const model = new make({ classNames, seed: 1 });
  const [height, width] = model.imageSize;
  await model.save(directory);
  model.dispose();
  const bytes = await folderBytes(directory);
  const loaded = await LoadedSavedModel.load(directory);
  const batches = noiseBatches([height, width], [height / 2 + 5, width / 2 - 8].map(Math.round) as [number, number]);
  for (const [format, quantize] of forms) {
    const output = path.join(folder, `${name}-${format}-${quantize}`);
    const command = [process.execPath, ...process.execArgv, one, directory, format, quantize, output];
    const result = await runChild('python3', [measure, ...command]);
    if (!result.ok) throw new Error(result.output);
    const { peakMebibytes } = JSON.parse(result.stdout) as { peakMebibytes: number };
    const { seconds } = JSON.parse(await readFile(`${output}.json`, 'utf8')) as { seconds: number };
    const opened = await openExported(format, await filesIn(output));
    const { probability, logit, otherClasses } = await compareAnswers(loaded, opened, batches);
    await opened.close();
    const size = (await folderBytes(output)) / bytes;
    const cells = [name, format, quantize, seconds.toFixed(1), `${((peakMebibytes * 1.048576) / 1000).toFixed(2)} GB`, size.toFixed(2), probability.toExponential(1), logit.toExponential(1), otherClasses]; // prettier-ignore
    console.log(`| ${cells.join(' | ')} |`);
    await rm(output, { recursive: true });
  }
  loaded.dispose();
  await rm(directory, { recursive: true });
}
await rm(folder, { recursive: true });

async function filesIn(directory: string): Promise<Map<string, Uint8Array>> {
  const names = await readdir(directory);
  return new Map(
    await Promise.all(names.map(async (each) => [each, await readFile(path.join(directory, each))] as const)),
  );
}
