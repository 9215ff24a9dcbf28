import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePorts } from '../../src/distributed/free-ports.js';
import { runChild } from '../../src/files/run-child.js';
import { pythonFolder } from '../../test/helpers/python/python.js';

const marker = path.join(pythonFolder, 'fastapi-1');

/** Starts FastAPI and uvicorn with a SavedModel, after installing them into the environment of the parity tests. */
export async function startFastApi(modelDirectory: string): Promise<{ port: number; process: ChildProcess }> {
  if (!existsSync(marker)) {
    process.stderr.write('installing FastAPI and uvicorn for the comparison (once per user)\n');
    const packages = ['fastapi==0.121.*', 'uvicorn[standard]==0.38.*'];
    const { ok, output } = await runChild(path.join(pythonFolder, 'bin', 'pip'), ['install', '--quiet', ...packages]);
    if (!ok) throw new Error(output);
    await writeFile(marker, '');
  }
  const [port = 0] = await freePorts(1);
  const script = fileURLToPath(new URL('./fastapi_server.py', import.meta.url));
  const server = spawn(path.join(pythonFolder, 'bin', 'python'), [script, modelDirectory, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  for (let left = 120; ; left -= 1) {
    if (server.exitCode !== null || left === 0) throw new Error('FastAPI did not start.');
    const answers = await fetch(`http://127.0.0.1:${port}/docs`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) return { port, process: server };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
