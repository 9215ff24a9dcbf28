import { readFile } from 'node:fs/promises';

/** Reads how much memory a process has resident, in MiB; 0 once it has ended. */
export async function residentMebibytes(pid = 0): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}
