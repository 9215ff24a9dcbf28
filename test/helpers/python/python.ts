import { existsSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from '../../../src/files/cache-folder.js';
import { runChild } from '../../../src/files/run-child.js';
import { tensorflowVersion } from '../../../src/set-up/wheel-table.js';

/** The virtual environment with Python TensorFlow, the reference; `npm run test:parity` makes it. */
export const pythonFolder = path.join(cacheFolder(), `python-tensorflow-${tensorflowVersion}`);
/** Written when all packages are installed. Its number is increased when one is added. */
export const pythonMarker = path.join(pythonFolder, 'complete-6');
export const python = path.join(pythonFolder, 'bin', 'python');

/** Triton's client, in a separate environment: it needs another protobuf than TensorFlow. */
export const tritonClient = 'tritonclient[http,grpc]==2.73.0';
export const tritonFolder = path.join(cacheFolder(), 'python-tritonclient-2.73.0');
export const tritonMarker = path.join(tritonFolder, 'complete');

/** MediaPipe, which reads the metadata of LiteRT files; in a separate environment, because it installs OpenCV. */
export const mediaPipe = 'mediapipe==1.2.3';
export const mediaPipeFolder = path.join(cacheFolder(), 'python-mediapipe-1.2.3');
export const mediaPipeMarker = path.join(mediaPipeFolder, 'complete');

/** Servers with the protocols of S3 and of Google Cloud Storage, and the clients that workers use; in a separate environment. */
export const storage = ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5', 'gcp-storage-emulator==2026.7.19', 'boto3==1.44.8', 'google-cloud-storage==3.17.1']; // prettier-ignore
export const storageFolder = path.join(cacheFolder(), 'python-storage-1');
export const storageMarker = path.join(storageFolder, 'complete');

/** Ray, in an environment of its own, which takes TensorFlow from the referee's. */
export const ray = 'ray[train]==2.60.0';
export const rayFolder = path.join(cacheFolder(), 'python-ray-2.60.0');
export const rayMarker = path.join(rayFolder, 'complete');
export const rayPython = path.join(rayFolder, 'bin', 'python');

/** Whether Python TensorFlow is installed. Prints a warning if not, because tests are then skipped. */
export function hasPython(): boolean {
  return isComplete(pythonMarker, 'Python TensorFlow is not installed, so nothing is compared with it');
}

/** Whether Ray is installed. Prints a warning if not, because its tests are then skipped. */
export function hasRay(): boolean {
  return isComplete(rayMarker, 'Ray is not installed, so nothing runs under it');
}

/** Whether the stores are installed. Prints a warning if not, because their tests are then skipped. */
export function hasStorage(): boolean {
  return isComplete(
    storageMarker,
    'Emulators of S3 and Google Cloud Storage are not installed, so no shards are read from them',
  );
}

function isComplete(marker: string, otherwise: string): boolean {
  if (existsSync(marker)) return true;
  console.warn(`SKIPPED: ${otherwise}. Run: npm run test:parity`);
  return false;
}

/** Runs a Python script and returns the JSON that it prints. @param interpreter Default: the one with TensorFlow. */
export async function runPython(script: string, input: unknown, interpreter = python): Promise<unknown> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const result = await runChild(interpreter, ['-c', script], { input: JSON.stringify(input), env });
  if (!result.ok) throw new Error(`Python ended with ${result.ending}:\n${result.output}`);
  return JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
}

/** Runs a program of the environment, such as `saved_model_cli`. */
export async function runPythonTool(tool: string, args: readonly string[]): Promise<string> {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const result = await runChild(path.join(pythonFolder, 'bin', tool), args, { env });
  if (!result.ok) throw new Error(`${tool} ended with ${result.ending}:\n${result.output}`);
  return result.stdout;
}
