import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { lastLines } from '../src/files/run-child.js';
import { runTool } from '../src/files/run-tool.js';
import { tensorflowVersion } from '../src/set-up/wheel-table.js';
import { withLock } from '../src/files/with-lock.js';
import {
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

// What the tests compare with.
await makeEnvironment(pythonFolder, pythonMarker, `Python TensorFlow ${tensorflowVersion}`, (pip) => [
  [...pip, `${tensorflow}==${tensorflowVersion}`],
  // It requires the package "tensorflow", which is installed under another name.
  [...pip, '--no-deps', `tensorflow-serving-api==${tensorflowVersion}`],
  // Kubernetes's own schemas, for the manifests in deploy/.
  [...pip, 'kubernetes-validate==1.37.0'],
  // EXIF handling is compared with Pillow's.
  [...pip, 'pillow==13.0.0'],
  // The usual converter to ONNX. Its files run in onnxruntime-node.
  [...pip, 'tf2onnx==1.17.0'],
  // For the Python in deploy/distributed/.
  [...pip, 'ruff==0.17.6', 'mypy==2.4.1'],
]);

// Triton's client calls a server, MediaPipe runs LiteRT files, and the last one has emulators of S3 and Google Cloud Storage.
for (const [folder, marker, ...packages] of [
  [tritonFolder, tritonMarker, tritonClient],
  [mediaPipeFolder, mediaPipeMarker, mediaPipe],
  [storageFolder, storageMarker, ...storage],
] as const) {
  await makeEnvironment(folder, marker, packages.join(', '), (pip) => [[...pip, ...packages]]);
}

/** Writes a file by which this Python also finds the packages of another of the same version. */
const shareReferee =
  'import pathlib, sys, sysconfig; ' +
  'pathlib.Path(sysconfig.get_path("purelib"), "referee.pth").write_text(sysconfig.get_path("purelib", vars={"base": sys.argv[1]}))';
await makeEnvironment(rayFolder, rayMarker, ray, (pip) => [
  [rayPython, '-c', shareReferee, pythonFolder],
  [...pip, ray],
]);

type Command = readonly [command: string, ...args: string[]];

/**
 * Makes a virtual environment in the user's cache, unless its marker says that it is complete.
 *
 * @param fill The commands that install its packages, given the one that installs a package.
 */
async function makeEnvironment(
  folder: string,
  marker: string,
  what: string,
  fill: (pip: Command) => readonly Command[],
): Promise<void> {
  await withLock(`${folder}.lock`, {}, async () => {
    if (existsSync(marker)) return;
    process.stderr.write(`installing ${what} for the parity tests (once per user)\n`);
    await rm(folder, { recursive: true, force: true });
    const pip = [path.join(folder, 'bin', 'pip'), 'install', '--quiet'] as const;
    await runSteps([['python3', '-m', 'venv', folder], ...fill(pip)]);
    await writeFile(marker, '');
  });
}

async function runSteps(steps: readonly Command[]): Promise<void> {
  for (const [command, ...args] of steps) {
    const result = await runTool(command, args);
    if (result.ok) continue;
    process.stderr.write(`${command} ended with ${result.ending}:\n${lastLines(result.output)}\n`);
    process.exit(1);
  }
}
