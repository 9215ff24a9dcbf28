import { SignetError } from '../errors.js';
import { lastLines } from '../files/run-child.js';
import { runTool, toolPath } from '../files/run-tool.js';

/** Work that a set-up still has to do, and so what the machine must offer for it. */
export interface Needs {
  /** A wheel is downloaded: pip. */
  readonly download: boolean;
  /** A wheel is unpacked: Python, and on Linux a C library that the wheel's library runs on. */
  readonly extract: boolean;
  /** The addon is compiled: Python (node-gyp is written in it), a C++ compiler and make. */
  readonly compile: boolean;
}

/** The machine as the checks see it; tests pass another. */
export interface Machine {
  readonly nodeVersion: string;
  /** `undefined` off Linux and on Linux without glibc. */
  readonly glibcVersion: string | undefined;
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
}

/** Findings of the checks that later stages use. */
export interface Tools {
  /** The C++ compiler's command. */
  readonly compiler: string;
}

interface Missing {
  readonly what: string;
  readonly received: string;
  /** Packages that provide it, if there are any. */
  readonly debian?: string;
  readonly fedora?: string;
}

const oldest = { node: '20.19.0', python: '3.8.0', pip: '20.3.0', glibc: '2.27.0' };

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    nodeVersion: process.versions.node,
    glibcVersion: process.platform === 'linux' ? glibcVersion() : undefined,
    platform: process.platform,
    env: process.env,
  };
}

/**
 * Makes sure that everything a set-up will need is there before it starts, so that it does not fail half-way.
 *
 * @throws SignetError `SET_UP_FAILED` that lists all that is missing at once, and the commands that install it.
 */
export async function checkPrerequisites(needs: Needs, machine: Machine = thisMachine()): Promise<Tools> {
  const python = needs.extract || needs.compile;
  const [compiler, ...missing] = await Promise.all([
    needs.compile ? findCompiler(machine) : Promise.resolve('c++'),
    python ? checkPython(machine) : undefined,
    needs.download ? checkPip(machine) : undefined,
    needs.compile ? checkMake(machine) : undefined,
  ]);
  const noCompiler = {
    what: 'a C++ compiler (g++ or clang++)',
    received: 'none that runs on the PATH',
    debian: 'g++',
    fedora: 'gcc-c++',
  };
  const all = [
    checkNode(machine),
    needs.extract ? checkGlibc(machine) : undefined,
    ...missing,
    compiler === undefined ? noCompiler : undefined,
  ].filter((found) => found !== undefined);
  if (compiler === undefined || all.length > 0) throw new SignetError('SET_UP_FAILED', describeMissing(all, machine));
  return { compiler };
}

function describeMissing(missing: readonly Missing[], { platform }: Machine): string {
  const list = missing.map(({ what, received }) => `  - ${what}. Received: ${received}`);
  const debian = missing.flatMap((one) => one.debian ?? []);
  const fedora = missing.flatMap((one) => one.fedora ?? []);
  const linux = [
    `  Debian, Ubuntu: sudo apt-get install ${debian.join(' ')}`,
    `  Fedora:         sudo dnf install ${fedora.join(' ')}`,
  ];
  const commands = platform === 'darwin' ? ['  macOS: xcode-select --install'] : linux;
  const howTo = debian.length > 0 ? ['Install it with', ...commands, 'and run set-up again.'] : [];
  return ['Set-up needs what this machine does not have:', ...list, ...howTo].join('\n');
}

function checkNode({ nodeVersion }: Machine): Missing | undefined {
  if (isAtLeast(nodeVersion, oldest.node)) return undefined;
  return { what: 'Node.js 20.19 or newer, from https://nodejs.org', received: nodeVersion };
}

function checkGlibc({ platform, glibcVersion: found }: Machine): Missing | undefined {
  if (platform !== 'linux' || (found !== undefined && isAtLeast(found, oldest.glibc))) return undefined;
  const what =
    "glibc 2.27 or newer, for which TensorFlow's library is built (Debian 10, Ubuntu 18.04, Fedora 28 and later)";
  return { what, received: found === undefined ? 'another C library (musl, as in Alpine Linux?)' : `glibc ${found}` };
}

async function checkPython(machine: Machine): Promise<Missing | undefined> {
  const wanted = { what: 'Python 3.8 or newer (python3)', debian: 'python3', fedora: 'python3' };
  return checkVersion(machine, wanted, ['python3', '--version'], oldest.python);
}

async function checkPip(machine: Machine): Promise<Missing | undefined> {
  const wanted = { what: 'pip 20.3 or newer (python3 -m pip)', debian: 'python3-pip', fedora: 'python3-pip' };
  return checkVersion(machine, wanted, ['python3', '-m', 'pip', '--version'], oldest.pip);
}

async function checkMake(machine: Machine): Promise<Missing | undefined> {
  return checkVersion(machine, { what: 'make', debian: 'make', fedora: 'make' }, ['make', '--version'], '0.0.0');
}

async function checkVersion(
  { env }: Machine,
  wanted: Omit<Missing, 'received'>,
  [command, ...args]: [string, ...string[]],
  atLeast: string,
): Promise<Missing | undefined> {
  const { ok, output, ending } = await runTool(command, args, { env });
  if (!ok) return { ...wanted, received: lastLines(output, 1) || ending };
  const found = /(?<!\d)\d+(\.\d+)+/.exec(output)?.[0] ?? '0';
  return isAtLeast(found, atLeast) ? undefined : { ...wanted, received: found };
}

/** Run, not only looked up: on macOS `/usr/bin/c++` exists before the tools behind it do. */
async function findCompiler({ env }: Machine): Promise<string | undefined> {
  for (const candidate of [env.CXX, 'g++', 'c++', 'clang++']) {
    if (candidate === undefined || candidate === '') continue;
    // CXX may carry arguments or a wrapper: "ccache g++".
    const [command = candidate, ...args] = candidate.split(/\s+/);
    if ((await runTool(command, [...args, '--version'], { env })).ok) return [toolPath(command), ...args].join(' ');
  }
  return undefined;
}

function glibcVersion(): string | undefined {
  // Without this, the report looks up every network interface, which can take seconds.
  Object.assign(process.report, { excludeNetwork: true });
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime;
}

/** Whether a dotted version is the same as another or newer; missing parts count as 0. */
function isAtLeast(version: string, oldest: string): boolean {
  const found = parts(version);
  const wanted = parts(oldest);
  const position = wanted.findIndex((part, i) => part !== (found[i] ?? 0));
  return position === -1 || (found[position] ?? 0) > (wanted[position] ?? 0);
}

function parts(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10) || 0);
}
