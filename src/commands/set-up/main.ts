#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { setUpCommand } from './flags.js';
import { harmless, standardError, tell } from '../../text/tell.js';

const signals: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

await runCommand(setUpCommand, async ({ force, gpu, library, verbose, quiet }) => {
  const [{ setUp }, { progressPrinter }] = await Promise.all([import('../../set-up/set-up.js'), import('./print.js')]);
  const stop = new AbortController();
  for (const signal of Object.keys(signals)) process.once(signal, () => stop.abort(signal));
  const printer = progressPrinter(standardError(), verbose);
  try {
    const report = await setUp({
      force,
      gpu,
      library,
      signal: stop.signal,
      ...(quiet ? {} : { onProgress: printer.onProgress }),
      ...(verbose ? { onOutput: (text: string) => standardError().write(harmless(text)) } : {}),
    });
    if (!quiet && !report.wasSetUp) printer.done(report);
  } catch (error) {
    printer.endLine();
    if (!stop.signal.aborted) throw error;
    tell('Stopped. Run set-up again to continue from here.');
    process.exitCode = 128 + (signals[stop.signal.reason as string] ?? 2);
  }
});
