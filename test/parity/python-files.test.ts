import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { hasPython, runPythonTool } from '../helpers/python/python.js';

const folder = 'deploy/distributed';
const files = readdirSync(folder).filter((name) => name.endsWith('.py'));

describe.skipIf(!hasPython())('the Python in deploy/distributed/', () => {
  it('has nothing that ruff minds, and is formatted by it', async () => {
    expect(await runPythonTool('ruff', ['check', '--no-cache', folder])).toContain('All checks passed');
    await runPythonTool('ruff', ['format', '--check', '--no-cache', folder]);
  });

  it('is typed throughout, says mypy', async () => {
    const config = ['--config-file', path.join(folder, 'mypy.ini'), '--cache-dir', '/dev/null'];
    expect(await runPythonTool('mypy', [...config, folder])).toContain(
      `no issues found in ${files.length} source files`,
    );
  });

  it('needs TensorFlow and nothing else, and stays thin', () => {
    const standard =
      /^(?:argparse|collections\.abc|dataclasses|hashlib|itertools|json|math|os|shutil|sys|threading|time|typing|unicodedata)$/;
    const own = files.map((name) => name.replace('.py', ''));
    const imported = files.flatMap((name) =>
      [...readFileSync(path.join(folder, name), 'utf8').matchAll(/^(?:import|from) (\S+)/gm)].map(
        (found) => found[1] ?? '',
      ),
    );
    expect(imported.filter((name) => !standard.test(name) && !own.includes(name) && name !== 'tensorflow')).toEqual([]);
    expect(readFileSync(path.join(folder, 'worker.py'), 'utf8').split('\n').length).toBeLessThan(150);
  });
});
