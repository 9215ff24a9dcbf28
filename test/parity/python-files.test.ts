import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { hasPython, runPython, runPythonTool } from '../helpers/python/python.js';

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

  it('needs TensorFlow and nothing else, but for Ray in the file that is for it, and stays thin', async () => {
    const standard = await runPython('import json, sys; print(json.dumps(sorted(sys.stdlib_module_names)))', null);
    const allowed = new Set([...(standard as string[]), ...files.map((name) => name.replace('.py', '')), 'tensorflow']);
    const imported = files.flatMap((name) =>
      [...readFileSync(path.join(folder, name), 'utf8').matchAll(/^(?:import|from) ([^\s.]+)/gm)].map(
        (found) => `${name}: ${found[1] ?? ''}`,
      ),
    );
    const others = imported.filter((each) => !allowed.has(each.split(': ')[1] ?? ''));
    expect([...new Set(others)]).toEqual(['ray_train.py: ray']);
    expect(readFileSync(path.join(folder, 'worker.py'), 'utf8').split('\n').length).toBeLessThan(150);
  });
});
