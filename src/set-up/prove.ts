import { SignetError } from '../errors.js';
import { lastLines, type ChildResult } from '../files/run-child.js';
import { runTool } from '../files/run-tool.js';
import { step, type Site } from './site.js';
import type { TfjsPackage } from './tfjs-package.js';
import { tensorflowVersion } from './wheel-table.js';

/** Versions that TensorFlow reports. */
export interface Proof {
  readonly version: string;
  /** Whether it computes on a GPU. */
  readonly usesGpu: boolean;
}

/** Restores what Node.js 23 removed, as `repair-node.ts` does; a child process of plain Node.js has no TypeScript. */
const program = `
const util = require('node:util');
for (const [name, replacement] of [['isNullOrUndefined', (v) => v == null], ['isArray', Array.isArray]]) {
  if (!(name in util)) Object.defineProperty(util, name, { value: replacement });
}
const tf = require(process.argv[1]);
const sum = Array.from(tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4])).dataSync());
const { binding, isUsingGpuDevice: usesGpu } = tf.backend();
process.stdout.write('\\n' + JSON.stringify({ sum, version: binding.TF_Version, usesGpu }) + '\\n');
`;

/**
 * Loads TensorFlow in a process of its own and has it add two tensors: what is proved is what a user will run.
 *
 * @throws SignetError `SET_UP_FAILED` when it does not load or adds wrongly.
 */
export async function prove(tfjs: TfjsPackage, site: Site): Promise<Proof> {
  return step(site, `Trying TensorFlow ${tensorflowVersion}`, async () => {
    const env = { ...site.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    const { signal, onOutput } = site;
    const result = await runTool(process.execPath, ['-e', program, tfjs.folder], { env, signal, onOutput });
    const answer = result.ok ? parse(result.stdout) : undefined;
    if (answer?.sum.join() !== '4,6') throw new SignetError('SET_UP_FAILED', describeFailure(result));
    return { version: answer.version, usesGpu: answer.usesGpu };
  });
}

/**
 * A patch release keeps every op and format that Signet knows, and a user's own library may be one; no other version
 * is taken.
 *
 * @throws SignetError `SET_UP_FAILED` that names both versions.
 */
export function checkVersion({ version }: Proof): void {
  const [major, minor] = tensorflowVersion.split('.');
  if (version.startsWith(`${major}.${minor}.`)) return;
  throw new SignetError(
    'SET_UP_FAILED',
    `Signet needs TensorFlow ${tensorflowVersion}. Received: TensorFlow ${version}. ` +
      'Give --library another folder, or run set-up with --no-gpu to download the library.',
  );
}

function parse(stdout: string): (Proof & { sum: number[] }) | undefined {
  try {
    return JSON.parse(lastLines(stdout, 1)) as Proof & { sum: number[] };
  } catch {
    return undefined;
  }
}

function describeFailure({ ending, output }: ChildResult): string {
  const cause = /^\w*Error: .*$/m.exec(output)?.[0] ?? lastLines(output);
  const advice = ending.includes('SIGILL')
    ? "TensorFlow's library needs a processor with AVX, which this one lacks."
    : 'Run set-up with --force to check the library and compile the addon again; --verbose shows all that it said.';
  return `TensorFlow was set up but does not work here (${ending}): ${cause.trim()}\n${advice}`;
}
