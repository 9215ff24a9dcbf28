import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let root: string;
const env = { ...process.env, npm_config_loglevel: 'error', npm_config_offline: 'true' };

/** A small project with one package, which lies in the project, so that npm needs no network. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signet-install-'));
  mkdirSync(join(root, 'scripts'));
  cpSync('scripts/install-dependencies.js', join(root, 'scripts/install-dependencies.js'));
  mkdirSync(join(root, 'one'));
  write('one/package.json', { name: 'one', version: '1.0.0' });
  write('package.json', project({ one: 'file:one' }));
  write('package-lock.json', {
    name: 'project',
    lockfileVersion: 3,
    packages: {
      '': { name: 'project', dependencies: { one: 'file:one' } },
      'node_modules/one': { resolved: 'one', link: true },
      one: { version: '1.0.0' },
    },
  });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const project = (dependencies: object) => ({ name: 'project', type: 'module', dependencies });

function write(path: string, content: object): void {
  writeFileSync(join(root, path), JSON.stringify(content));
}

function install() {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/install-dependencies.js'], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  return { status, stderr };
}

const installed = () => existsSync(join(root, 'node_modules/one/package.json'));

describe('install-dependencies', () => {
  it('installs what is missing, then says and does nothing', () => {
    expect(install().stderr).toContain("Installing Signet's npm packages (npm ci) ...\n");
    expect(installed()).toBe(true);
    expect(install()).toEqual({ status: 0, stderr: '' });
  });

  it('installs again when a package is gone, or npm was killed before it wrote what it did', () => {
    install();
    rmSync(join(root, 'node_modules/one'), { recursive: true });
    expect(install().stderr).toContain('(npm ci)');
    expect(installed()).toBe(true);
    rmSync(join(root, 'node_modules/.package-lock.json'));
    expect(install().stderr).toContain('(npm ci)');
    expect(install()).toEqual({ status: 0, stderr: '' });
  });

  it('says what to do when package.json was edited by hand', () => {
    install();
    write('package.json', project({ one: 'file:one', two: '1.0.0' }));
    const { status, stderr } = install();
    expect(status).toBe(1);
    expect(stderr).toContain('If package.json was edited, run "npm install" first.');
  });
});
