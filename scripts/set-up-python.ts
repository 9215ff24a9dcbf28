import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { lastLines } from '../src/files/run-child.js';
import { runTool } from '../src/files/run-tool.js';
import { tensorflowVersion } from '../src/set-up/wheel-table.js';
import { withLock } from '../src/files/with-lock.js';
import {
  hasPython,
  mediaPipe,
  mediaPipeFolder,
  mediaPipeMarker,
  pythonFolder,
  pythonMarker,
  ray,
  rayFolder,
  rayMarker,
  rayPython,
  storage,
  storageFolder,
  storageMarker,
  tritonClient,
  tritonFolder,
  tritonMarker,
} from '../test/helpers/python/python.js';

/** The build without CUDA, if there is one. */
const tensorflow = process.platform === 'linux' && process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';

/** Makes a virtual environment with Python TensorFlow in the user's cache, for the tests that compare with it. */
await withLock(`${pythonFolder}.lock`, {}, async () => {
  if (hasPython()) return;
  process.stderr.write(`installing Python TensorFlow ${tensorflowVersion} for the parity tests (once per user)\n`);
  await rm(pythonFolder, { recursive: true, force: true });
  const pip = path.join(pythonFolder, 'bin', 'pip');
  const steps = [
    ['python3', '-m', 'venv', pythonFolder],
    [pip, 'install', '--quiet', `${tensorflow}==${tensorflowVersion}`],
    // It requires the package "tensorflow", which is installed under another name.
    [pip, 'install', '--quiet', '--no-deps', `tensorflow-serving-api==${tensorflowVersion}`],
    // Kubernetes's own schemas, for the manifests in deploy/.
    [pip, 'install', '--quiet', 'kubernetes-validate==1.37.0'],
    // EXIF handling is compared with Pillow's.
    [pip, 'install', '--quiet', 'pillow==13.0.0'],
    // The usual converter to ONNX. Its files run in onnxruntime-node.
    [pip, 'install', '--quiet', 'tf2onnx==1.17.0'],
    // For the Python in deploy/distributed/.
    [pip, 'install', '--quiet', 'ruff==0.17.6', 'mypy==2.4.1'],
  ] as const;
  await runSteps(steps);
  await writeFile(pythonMarker, '');
});

/**
 * Each of these gets its own environment: Triton's client calls a server, MediaPipe runs LiteRT files, and the last one has emulators of S3 and
 * Google Cloud Storage.
 */
for (const [folder, marker, ...packages] of [
  [tritonFolder, tritonMarker, tritonClient],
  [mediaPipeFolder, mediaPipeMarker, mediaPipe],
  [storageFolder, storageMarker, ...storage],
] as const) {
  await withLock(`${folder}.lock`, {}, async () => {
    if (existsSync(marker)) return;
    process.stderr.write(`installing ${packages.join(', ')} for the parity tests (once per user)\n`);
    await rm(folder, { recursive: true, force: true });
    await runSteps([
      ['python3', '-m', 'venv', folder],
      [path.join(folder, 'bin', 'pip'), 'install', '--quiet', ...packages],
    ]);
    await writeFile(marker, '');
  });
}

/** Writes a file by which this Python also finds the packages of another of the same version. */
const shareReferee =
  'import pathlib, sys, sysconfig; ' +
  'pathlib.Path(sysconfig.get_path("purelib"), "referee.pth").write_text(sysconfig.get_path("purelib", vars={"base": sys.argv[1]}))';

await withLock(`${rayFolder}.lock`, {}, async () => {
  if (existsSync(rayMarker)) return;
  process.stderr.write(`installing ${ray} for the parity tests (once per user)\n`);
  await rm(rayFolder, { recursive: true, force: true });
  await runSteps([
    ['python3', '-m', 'venv', rayFolder],
    [rayPython, '-c', shareReferee, pythonFolder],
    [path.join(rayFolder, 'bin', 'pip'), 'install', '--quiet', ray],
  ]);
  await writeFile(rayMarker, '');
});

async function runSteps(steps: readonly (readonly [command: string, ...args: string[]])[]): Promise<void> {
  for (const [command, ...args] of steps) {
    const result = await runTool(command, args);
    if (result.ok) continue;
    process.stderr.write(`${command} ended with ${result.ending}:\n${lastLines(result.output)}\n`);
    process.exit(1);
  }
}
