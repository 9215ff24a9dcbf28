/**
 * Installs the packages of package-lock.json if `node_modules` does not have them, and is silent if it does.
 *
 * Runs before anything is installed and on any version of Node.js, so that an old one can report what is wrong: it uses only built-in modules and old
 * syntax.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {{ version?: string, optional?: boolean }} PackageEntry */
/** @typedef {{ packages: Record<string, PackageEntry>, dependencies?: object, devDependencies?: object }} PackageFile */

/** @type {(text: string) => PackageFile} */
const parse = JSON.parse;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** npm writes this last: what it lists is installed. */
const installedPath = join(root, 'node_modules', '.package-lock.json');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Signet needs Node.js 20.19 or newer, from https://nodejs.org. Received: Node.js ${process.versions.node}.`);
}
if (!isInstalled()) install();

/** Checks whether each package of the lock file is installed, in the right version. npm leaves out optional ones for other systems. */
function isInstalled() {
  const installed = installedPackages();
  const wanted = readJson(join(root, 'package-lock.json')).packages;
  const { dependencies, devDependencies } = readJson(join(root, 'package.json'));
  // A package that is missing in package-lock.json is left to `npm ci`, whose error says what to do.
  const isLocked = Object.keys({ ...dependencies, ...devDependencies }).every((name) => wanted[`node_modules/${name}`]);
  return (
    isLocked &&
    Object.entries(wanted).every(([path, { version, optional }]) => {
      if (path === '') return true;
      const found = installed[path];
      return found ? found.version === version && existsSync(join(root, path)) : optional;
    })
  );
}

/** Empty if npm was killed while it wrote the file. */
function installedPackages() {
  try {
    return readJson(installedPath).packages;
  } catch {
    return {};
  }
}

function install() {
  // A killed npm must not leave a list of packages that are gone.
  rmSync(installedPath, { force: true });
  process.stderr.write("Installing Signet's npm packages (npm ci) ...\n");
  const options = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund'];
  const { error, status } = spawnSync('npm', ['ci', ...options], { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) fail(`npm could not be started: ${error.message}. Node.js brings npm: is it on the PATH?`);
  if (status !== 0) {
    fail(
      'npm ci failed; see its messages above. Without a network it needs its cache filled. ' +
        'If package.json was edited, run "npm install" first.',
    );
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
