import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  write('package.json', { name: 'project', type: 'module', dependencies: { one: 'file:one' } });
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

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
    expect(install().stderr).toContain("Installing Signet's npm packages (npm install) ...\n");
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

  it('runs one npm when two are started', async () => {
    const runs = [1, 2].map(() => {
      const child = spawn(process.execPath, ['scripts/install-dependencies.js'], { cwd: root, env });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      return once(child, 'close').then(([status]) => ({ status: status as number | null, stderr }));
    });
    const results = await Promise.all(runs);
    expect(results.map(({ status }) => status)).toEqual([0, 0]);
    expect(results.filter(({ stderr }) => stderr.startsWith('Installing'))).toHaveLength(1);
    expect(readdirSync(join(root, '.cache'))).toEqual([]);
  });

  it('takes over from a process that was killed', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    mkdirSync(join(root, '.cache'));
    writeFileSync(join(root, '.cache/install-dependencies.pid'), `${pid}`);
    expect(install().status).toBe(0);
    expect(readdirSync(join(root, '.cache'))).toEqual([]);
  });

  it('says what to do when package.json was edited by hand', () => {
    install();
    write('package.json', { name: 'project', type: 'module', dependencies: { one: 'file:one', two: '1.0.0' } });
    const { status, stderr } = install();
    expect(status).toBe(1);
    expect(stderr).toContain('If package.json was edited, run "npm install" first.');
  });
});
