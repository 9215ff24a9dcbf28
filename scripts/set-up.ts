#!/usr/bin/env node
import { runCommand, UsageError } from './run-command.js';

await runCommand({
  name: 'signet-set-up',
  describe:
    'Sets TensorFlow up for Signet: downloads its library (274 MB, once per user), compiles the addon that joins Node.js to it, and tries both. Does only what is left to do; see docs/set-up.md.',
  options: {
    force: { type: 'boolean', default: false, describe: 'Check the library and compile the addon anew' },
    gpu: {
      type: 'boolean',
      describe:
        'Compute on an NVIDIA GPU (Linux x64; downloads about 3 GB); --no-gpu goes back [default: as it is now]',
    },
    library: {
      type: 'string',
      describe: 'Use the TensorFlow library in this folder (lib/ and include/) and download none',
    },
    verbose: { type: 'boolean', default: false, describe: 'Show what pip and the compiler print' },
    quiet: { type: 'boolean', default: false, describe: 'Show nothing but errors' },
  },
  examples: [
    ['', 'sets up what is missing'],
    ['--gpu', 'the same with CUDA'],
    ['--library /opt/tensorflow', 'with a library that is there already'],
  ],
  handler: async ({ force, gpu, library, verbose, quiet }) => {
    if (quiet && verbose) throw new UsageError('--quiet and --verbose exclude each other.');
    if (library !== undefined && gpu !== undefined) {
      throw new UsageError('--gpu and --no-gpu download a library, --library brings one: give one of them.');
    }
    const [{ setUp }, { progressPrinter }] = await Promise.all([
      import('../src/set-up/set-up.js'),
      import('./progress-printer.js'),
    ]);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort(signal));
    const printer = progressPrinter(process.stderr, verbose);
    try {
      const report = await setUp({
        force,
        gpu,
        library,
        signal: stop.signal,
        ...(quiet ? {} : { onProgress: printer.onProgress }),
        ...(verbose ? { onOutput: (text: string) => process.stderr.write(text) } : {}),
      });
      if (!quiet && !report.wasSetUp) printer.done(report);
    } catch (error) {
      printer.endLine();
      if (!stop.signal.aborted) throw error;
      process.stderr.write('Stopped. Run set-up again and it goes on from here.\n');
      process.exitCode = 128 + ({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[stop.signal.reason as string] ?? 2);
    }
  },
});
