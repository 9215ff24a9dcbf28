import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';

import { randomPrograms } from '../test/helpers/programs/random-programs.js';
import { renderProgram } from '../test/helpers/programs/render-program.js';
import type { Outcome } from '../test/helpers/programs/try-program.js';
import { numberFlag } from './number-flag.js';

/**
 * `npx tsx bench/random-programs.ts [--programs 5000] [--seed 1]`: random programs, run eagerly and as graphs, each with many shapes that were not
 * traced. They run in child processes, one per processor, so that a program that ends its process is noticed. Prints differences, and counts.
 */
const [count, seed, from] = [numberFlag('programs', 5000), numberFlag('seed', 1), numberFlag('from', -1)];
/** Programs per process. */
const chunk = 250;
const all = fc.sample(randomPrograms, { numRuns: count, seed });
if (from >= 0) await child();
else await parent();

async function child(): Promise<void> {
  const { tryProgram } = await import('../test/helpers/programs/try-program.js');
  for (let i = from; i < numberFlag('to', count); i++) {
    const program = all[i];
    if (!program) break;
    const outcome = await tryProgram(program).catch((error: unknown): Outcome => ({
      kind: 'fails',
      message: String(error),
    }));
    process.stdout.write(`${JSON.stringify({ outcome })}\n`);
  }
}

async function parent(): Promise<void> {
  const started = performance.now();
  const counts: Record<string, number> = {};
  const starts = Array.from({ length: Math.ceil(count / chunk) }, (_, i) => i * chunk);
  const runNext = async (): Promise<void> => {
    for (let start = starts.shift(); start !== undefined; start = starts.shift()) await runAll(start, counts);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runNext));
  console.log(JSON.stringify({ ...counts, seconds: Math.round((performance.now() - started) / 1000) }));
}

/** Runs a chunk, in a new process after each program that ended one. */
async function runAll(start: number, counts: Record<string, number>): Promise<void> {
  const end = Math.min(count, start + chunk);
  for (let next = start; next < end;) {
    const { done, ending } = await runPrograms(next, end, (i, outcome) => {
      counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
      if (outcome.kind !== 'agrees') show(i, outcome);
    });
    if (ending !== null) {
      counts.ended = (counts.ended ?? 0) + 1;
      show(done, { kind: 'fails', message: `the process ended with ${ending}` });
    }
    next = ending === null ? end : done + 1;
    process.stderr.write(`${start} to ${next}: ${JSON.stringify(counts)}\n`);
  }
}

function show(i: number, { kind, message }: Outcome): void {
  const program = all[i];
  console.log(`\n--- ${kind} (program ${i}): ${message}`);
  if (program) console.log(`${JSON.stringify(renderProgram(program).signature)}\n${renderProgram(program).source}`);
}

/** Runs programs in one process. @returns Where it stopped, and what ended it if it did not reach the end. */
async function runPrograms(
  start: number,
  end: number,
  onOutcome: (i: number, outcome: Outcome) => void,
): Promise<{ readonly done: number; readonly ending: string | null }> {
  const args = [
    '--import',
    'tsx',
    fileURLToPath(import.meta.url),
    '--programs',
    `${count}`,
    '--seed',
    `${seed}`,
    '--from',
    `${start}`,
    '--to',
    `${end}`,
  ];
  const running = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  const ended = new Promise<string | null>((resolve) => {
    running.on('close', (code, signal) => resolve(code === 0 ? null : `${signal ?? code}`));
  });
  let current = start;
  for await (const line of createInterface({ input: running.stdout })) {
    if (!line.startsWith('{')) continue;
    const { outcome } = JSON.parse(line) as { outcome?: Outcome };
    if (!outcome) continue;
    onOutcome(current, outcome);
    current += 1;
  }
  return { done: current, ending: await ended };
}
