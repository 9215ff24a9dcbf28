import { readFile } from 'node:fs/promises';

/** A process, distinguished from later ones with the same number if the system says when it was started. */
export interface ProcessIdentity {
  readonly id: number;
  /** Boot and start of the process; null if the system does not say. */
  readonly started: string | null;
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  return { id: process.pid, started: await startOf(process.pid) };
}

/** Whether a process of this machine still runs, and is not this one. */
export async function isStillRunning({ id, started }: ProcessIdentity): Promise<boolean> {
  if (id === process.pid || !isRunning(id)) return false;
  return started === null || started === (await startOf(id));
}

/** Whether a process with this number runs; after a restart of the machine, or many processes later, it may be another one. */
export function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Linux: field 22 of proc(5)'s `stat` is when the process was started, in ticks since the boot that `boot_id` names. */
async function startOf(id: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${id}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The second field is a name in parentheses, which may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks === undefined ? null : `${boot.trim()} ${ticks}`;
  } catch {
    return null;
  }
}
