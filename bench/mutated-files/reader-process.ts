import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Outcome of reading a file. */
export interface Outcome {
  readonly outcome: string;
  readonly milliseconds: number;
}

/** A process that reads files and is watched. It is not used again once it ended or hung. */
export class ReaderProcess {
  isOver = false;
  readonly #lines: Interface;

  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly patience: number,
  ) {
    this.#lines = createInterface({ input: child.stdout });
    child.stdin.on('error', () => undefined);
  }

  /** @param patience Milliseconds after which reading a file counts as hung. */
  static async start(patience: number): Promise<ReaderProcess> {
    const script = fileURLToPath(new URL('reader.ts', import.meta.url));
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    const stdio = ['pipe', 'pipe', 'ignore'] as const;
    const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: [...stdio], env });
    const reader = new ReaderProcess(child, patience);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${script} ended with ${String(code)} before it was ready`);
    });
    await Promise.race([once(reader.#lines, 'line'), ended]);
    ended.catch(() => undefined);
    return reader;
  }

  async read(file: string): Promise<Outcome> {
    const started = performance.now();
    const waiting = new AbortController();
    const answer = once(this.#lines, 'line', { signal: waiting.signal }).then(
      ([line]) => JSON.parse(String(line)) as Outcome,
    );
    const since = () => Math.round(performance.now() - started);
    const ended = once(this.child, 'exit', { signal: waiting.signal }).then(([code, by]) =>
      this.#over(`ENDED with ${String(by ?? code)}`, since()),
    );
    const timer = setTimeout(() => this.child.kill('SIGKILL'), this.patience);
    this.child.stdin.write(`${file}\n`);
    try {
      return await Promise.race([answer, ended]);
    } finally {
      clearTimeout(timer);
      waiting.abort();
      await Promise.allSettled([answer, ended]);
    }
  }

  #over(outcome: string, milliseconds: number): Outcome {
    this.isOver = true;
    return { outcome: milliseconds >= this.patience ? 'HANGS' : outcome, milliseconds };
  }

  /** Peak memory of the process so far. */
  async peakMebibytes(): Promise<number> {
    const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8').catch(() => '');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}
