import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { python } from '../../test/helpers/python/python.js';
import type { Slice } from './side.js';

/** Cost of a whole command. */
export interface CommandCost extends Slice {
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
}

/** Runs a command that writes into a new folder, which is removed afterwards, and measures it from the start of its process to the end. */
export async function measureCommand(command: (folder: string) => readonly string[]): Promise<CommandCost> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  try {
    const args = [fileURLToPath(new URL('measure_command.py', import.meta.url)), ...command(folder)];
    return JSON.parse((await promisify(execFile)(python, args, { env })).stdout) as CommandCost;
  } finally {
    await rm(folder, { recursive: true });
  }
}
