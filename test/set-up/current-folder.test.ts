import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, expect, it, vi } from 'vitest';

import { findPython } from '../../src/distributed/find-python.js';
import { startWorkers } from '../../src/distributed/start-workers.js';
import { fetchWithPip } from '../../src/set-up/download-wheel.js';
import { extractWheel } from '../../src/set-up/extract-library.js';
import { checkPrerequisites } from '../../src/set-up/prerequisites.js';
import type { Site } from '../../src/set-up/site.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { writeFakeWheel } from './fake-site.js';

const start = process.cwd();
afterEach(() => {
  process.chdir(start);
  vi.unstubAllEnvs();
});

/** Modules that Python, pip, the extractor and the workers import, and what Python looks for at every start. */
const modules = ['pip', 'hashlib', 'zipfile', 'json', 'importlib', 'argparse', 'sitecustomize', 'usercustomize'];

it.each([
  ['as they are', {}],
  ['with variables that lead there', { PYTHONPATH: ':/nowhere', PYTHONSAFEPATH: '1' }],
])("programs that Signet starts run no file of the current folder, %s", async (_how, variables) => {
  const folder = await temporaryFolder();
  const hostile = path.join(folder, 'project');
  const seen = path.join(folder, 'hijacked');
  for (const name of modules) {
    mkdirSync(path.join(hostile, name), { recursive: true });
    const code = `open(${JSON.stringify(seen)}, 'a').write('${name}\\n')\n`;
    for (const file of ['__init__.py', '__main__.py']) writeFileSync(path.join(hostile, name, file), code);
  }
  writeFakeWheel(path.join(folder, 'a.whl'), [{ name: 'tensorflow/liba.so.2', text: 'library' }]);
  const pip = { PIP_INDEX_URL: 'http://127.0.0.1:1/', PIP_RETRIES: '0', PIP_CONFIG_FILE: '/dev/null' };
  for (const [name, value] of Object.entries({ ...pip, ...variables })) vi.stubEnv(name, value);
  process.chdir(hostile);

  await checkPrerequisites({ download: true, extract: true, compile: true });
  const site = { cacheFolder: folder, env: process.env, signal: AbortSignal.timeout(60_000) } as Site;
  await extractWheel(path.join(folder, 'a.whl'), ['liba.so.2'], folder, site);
  const wheel = { package: 'x', version: '1', platform: 'any', file: 'x.whl', sha256: '' };
  await expect(fetchWithPip(wheel, folder, site)).rejects.toThrow('The Python package index cannot be reached');
  await findPython().catch(() => undefined);
  const files = { model: 'model', data: 'data', output: 'output' };
  const [ending] = await (await startWorkers({ python: 'python3', workers: 1, ...files })).done;

  expect(existsSync(seen)).toBe(false);
  // The worker finds its own modules: it looks for the model where the user named it, or this Python has no TensorFlow.
  const model = path.join(hostile, 'model');
  expect(ending?.lines.join('\n')).toMatch(new RegExp(`${model} has no functions|No module named 'tensorflow'`));
}); // prettier-ignore

it('every program is started through runTool, or as the workers are', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const naming = (pattern: RegExp) =>
    files.filter((file) => pattern.test(readFileSync(path.join('src', file), 'utf8')));
  const starts = /import (?!type ).*'(?:node:)?child_process'/;
  expect(naming(starts).toSorted()).toEqual(['distributed/start-workers.ts', 'files/run-child.ts']);
  expect(naming(/\brunChild\(/).toSorted()).toEqual(['files/run-child.ts', 'files/run-tool.ts']);
});
