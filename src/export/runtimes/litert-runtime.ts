import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cacheFolder } from '../../files/cache-folder.js';
import { lastLines } from '../../files/run-child.js';
import { runTool, startTool } from '../../files/run-tool.js';
import { withLock } from '../../files/with-lock.js';
import { tell } from '../../text/tell.js';
import { type ExportedModel, type Pictures, type RuntimeAnswer, RuntimeMissing } from './exported-model.js';

/** Google's runtime for Python; there is none for Node.js. */
const version = '2.3.0';

/** Reads pictures and writes answers: each a count of values, then the values, little-endian. */
const program = `
import struct, sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(sys.argv[1], num_threads=int(sys.argv[2]))
runner = interpreter.get_signature_runner()
(name,) = runner.get_input_details()
output = sorted(runner.get_output_details())[0]
read, write = sys.stdin.buffer, sys.stdout.buffer
write.write(b'ready')
write.flush()
while True:
    header = read.read(16)
    if len(header) < 16:
        break
    shape = struct.unpack('<IIII', header)
    pixels = np.frombuffer(read.read(4 * int(np.prod(shape))), '<f4').reshape(shape)
    start = time.perf_counter()
    logits = runner(**{name: pixels})[output].astype('<f4').ravel()
    milliseconds = (time.perf_counter() - start) * 1000
    write.write(struct.pack('<Id', logits.size, milliseconds) + logits.tobytes())
    write.flush()
`;

/**
 * Opens a LiteRT file in Google's interpreter, in a Python process with an environment in the user's cache, which is made the first
 * time (some 20 s).
 *
 * @throws RuntimeMissing where that environment cannot be made.
 */
export async function openLitertModel(files: ReadonlyMap<string, Uint8Array>): Promise<ExportedModel> {
  const python = await environment();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-litert-'));
  const model = path.join(folder, 'model.tflite');
  await writeFile(model, files.get('model.tflite') ?? new Uint8Array());
  await writeFile(path.join(folder, 'run.py'), program);
  const threads = String(os.availableParallelism());
  const child = startTool(python, ['-I', path.join(folder, 'run.py'), model, threads], { cwd: folder });
  const reader = new ByteStream(child);
  await reader.read(5);
  return {
    runtime: `ai-edge-litert ${version}`,
    classify: (pictures) => ask(child, reader, pictures),
    close: async () => {
      child.stdin.end();
      child.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask(
  child: ChildProcessWithoutNullStreams,
  reader: ByteStream,
  { shape, pixels }: Pictures,
): Promise<RuntimeAnswer> {
  child.stdin.write(new Uint8Array(Uint32Array.from(shape).buffer));
  child.stdin.write(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  const header = await reader.read(12);
  const logits = await reader.read(4 * header.readUInt32LE(0));
  return { logits: new Float32Array(new Uint8Array(logits).buffer), milliseconds: header.readDoubleLE(4) };
}

/** What a child writes, taken in pieces of a size. */
class ByteStream {
  #received = Buffer.alloc(0);
  #ended: string | null = null;
  #errors = '';
  #wake: () => void = () => undefined;

  constructor(child: ChildProcessWithoutNullStreams) {
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    child.stdout.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (how: string) => {
      this.#ended ??= how;
      this.#wake();
    };
    child.on('error', (error) => end(error.message));
    child.on('close', (code, signal) => end(signal === null ? `exit status ${code}` : `signal ${signal}`));
  }

  async read(bytes: number): Promise<Buffer> {
    while (this.#received.length < bytes) {
      if (this.#ended !== null) {
        throw new SignetError(
          'NOT_EXPORTABLE',
          `LiteRT does not run the exported model (${this.#ended}):\n${lastLines(this.#errors)}`,
        );
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const piece = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return piece;
  }
}

async function environment(): Promise<string> {
  const folder = path.join(cacheFolder(), `python-litert-${version}`);
  const python = path.join(folder, 'bin', 'python');
  const marker = path.join(folder, 'complete');
  if (existsSync(marker)) return python;
  return withLock(`${folder}.lock`, {}, async (signal) => {
    if (existsSync(marker)) return python;
    tell(`installing LiteRT ${version} for Python to check the exported file (once per user)`);
    await rm(folder, { recursive: true, force: true });
    const pip = [python, '-m', 'pip', 'install', '--quiet', `ai-edge-litert==${version}`] as const;
    for (const [command, ...args] of [['python3', '-m', 'venv', folder] as const, pip]) {
      const result = await runTool(command, args, { signal });
      if (!result.ok)
        throw new RuntimeMissing(
          `LiteRT for Python cannot be installed: ${command} ended with ${result.ending}.\n${lastLines(result.output)}`,
        );
    }
    await writeFile(marker, '');
    return python;
  });
}
