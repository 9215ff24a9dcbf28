/**
 * Runs the checks of `npm run check` in parallel, and prints the output of those that fail and the time that each took.
 *
 * Prettier and ESLint cache their results in node_modules/.cache, so that the next run only checks files that changed. oxlint does everything that
 * needs types, for all files: the compiler's own messages and the rules of .oxlintrc.json.
 */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

const inCache = '--cache --cache-location node_modules/.cache';

const checks = {
  prettier: `prettier --check --log-level warn ${inCache}/prettier.json .`,
  eslint: `eslint --max-warnings 0 ${inCache}/eslint.json .`,
  oxlint: 'oxlint',
  'dependency-cruiser': 'depcruise --config .dependency-cruiser.json --output-type err src scripts',
};

const results = await Promise.all(Object.entries(checks).map(([name, line]) => run(name, line)));
for (const { name, code, output } of results) if (code !== 0) process.stderr.write(`${output}\n${name} failed.\n`);
process.stdout.write(
  `checked by ${results.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(', ')}\n`,
);
process.exitCode = results.some(({ code }) => code !== 0) ? 1 : 0;

/**
 * @param {string} name
 * @param {string} line Command line; npm has put the repository's programs into the PATH.
 * @returns {Promise<{ name: string; code: number | null; output: string; seconds: number }>}
 */
function run(name, line) {
  const started = performance.now();
  const child = spawn(line, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output += String(text)));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ name, code, output, seconds: (performance.now() - started) / 1000 }));
  });
}
