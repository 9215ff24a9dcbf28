/**
 * Installs the packages of package-lock.json when `node_modules` does not hold them; silent when it does.
 *
 * Runs before anything is installed and on any Node.js, so that an old one can say what is wrong: only built-in modules, only
 * old syntax.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockPath = join(root, 'package-lock.json');
/** npm writes this last of all: what it says is installed. */
const installedPath = join(root, 'node_modules', '.package-lock.json');
/** Outside of `node_modules`, which `npm ci` empties. */
const guard = join(root, '.cache', 'install-dependencies.pid');

/** @type {(text: string) => PackageEntry & { packages?: Record<string, PackageEntry> }} */
const parse = JSON.parse;

checkNode();
if (!isInstalled()) await withGuard(install);

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Signet needs Node.js 20.19 or newer, from https://nodejs.org. Received: Node.js ${process.versions.node}.`);
}

/** Compares what npm says it installed with the lock file, and looks whether each package's folder is there. */
function isInstalled() {
  const wanted = readPackages(lockPath);
  const installed = readPackages(installedPath);
  if (wanted === undefined || installed === undefined || !lockNamesAll(wanted[''])) return false;
  return Object.entries(wanted).every(([path, want]) => {
    if (path === '') return true;
    const have = installed[path];
    // npm leaves out packages for other systems.
    if (have === undefined) return want.optional === true;
    return have.version === want.version && have.integrity === want.integrity && existsSync(join(root, path));
  });
}

/**
 * Whether every package that package.json names is in the lock file; if not, `npm ci` says what to do.
 *
 * @param {PackageEntry | undefined} locked
 */
function lockNamesAll(locked = {}) {
  const edited = readJson(join(root, 'package.json'));
  return Object.keys({ ...edited.dependencies, ...edited.devDependencies }).every(
    (name) => locked.dependencies?.[name] !== undefined || locked.devDependencies?.[name] !== undefined,
  );
}

/** @param {(pid: number) => void} onStart receives npm's process id */
async function install(onStart) {
  // The process that held the guard may have done it.
  if (isInstalled()) return;
  const command = existsSync(lockPath) ? 'ci' : 'install';
  // A killed npm must not leave a list of packages that are gone.
  rmSync(installedPath, { force: true });
  process.stderr.write(`Installing Signet's npm packages (npm ${command}) ...\n`);
  const started = Date.now();
  const ending = await runNpm([command, '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'], onStart);
  if (ending !== undefined) {
    fail(
      `npm ${command} failed (${ending}); see its messages above. ` +
        'Without a network it needs its cache filled. If package.json was edited, run "npm install" first.',
    );
  }
  if (!isInstalled()) fail('npm ended without an error, but node_modules is not what package-lock.json asks for.');
  process.stderr.write(`Installing Signet's npm packages: done in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/**
 * @param {string[]} args
 * @param {(pid: number) => void} onStart
 * @returns {Promise<string | undefined>} how it failed, if it did
 */
function runNpm(args, onStart) {
  const [command, first] = npmCommand();
  const npm = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 2, 2] });
  if (npm.pid !== undefined) onStart(npm.pid);
  /** @type {NodeJS.Signals | undefined} */
  let stopped;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, () => {
      stopped = signal;
      npm.kill(signal);
    });
  }
  return new Promise((resolve) => {
    npm.on('error', (error) => resolve(`${error.message}; Node.js brings npm: is it on the PATH?`));
    npm.on('close', (status, signal) => {
      if (stopped !== undefined) process.exit(stopped === 'SIGINT' ? 130 : 143);
      resolve(status === 0 ? undefined : (signal ?? `exit status ${status}`));
    });
  });
}

/**
 * The npm that runs this script, or else the one on the PATH.
 *
 * @returns {[string, string[]]}
 */
function npmCommand() {
  const script = process.env.npm_execpath ?? '';
  return /npm-cli\.[cm]?js$/.test(script) ? [process.execPath, [script]] : ['npm', []];
}

/**
 * One at a time: two `npm ci` in one folder destroy each other's work. The guard is a file with the process ids of the holder and of
 * its npm, which may outlive it; it counts for nothing when neither runs.
 *
 * @param {(onStart: (pid: number) => void) => Promise<void>} task
 */
async function withGuard(task) {
  mkdirSync(dirname(guard), { recursive: true });
  for (let waited = false; !takeGuard(); waited = true) {
    if (!waited)
      process.stderr.write(`Another process installs Signet's npm packages; waiting for it (${guard}) ...\n`);
    await setTimeout(200);
  }
  process.on('exit', () => rmSync(guard, { force: true }));
  await task((pid) => writeFileSync(guard, `${process.pid} ${pid}`));
}

/** @returns {boolean} */
function takeGuard() {
  try {
    writeFileSync(guard, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  if (isHeld()) return false;
  rmSync(guard, { force: true });
  return takeGuard();
}

function isHeld() {
  try {
    // A guard that is written this moment is empty: process 0, which always runs.
    return readFileSync(guard, 'utf8')
      .split(' ')
      .some((pid) => isRunning(Number(pid)));
  } catch {
    return false;
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, dependencies?: Record<string, string>,
 *   devDependencies?: Record<string, string> }} PackageEntry
 */

/**
 * @param {string} path
 * @returns {Record<string, PackageEntry> | undefined}
 */
function readPackages(path) {
  try {
    return readJson(path).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function readJson(path) {
  return parse(readFileSync(path, 'utf8'));
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`set-up: ${message}\n`);
  process.exit(1);
}
