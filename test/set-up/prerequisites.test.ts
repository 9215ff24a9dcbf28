import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { checkPrerequisites, thisMachine, type Machine } from '../../src/set-up/prerequisites.js';

const everything = { download: true, extract: true, compile: true };
let path: string;

/** A machine whose PATH holds only the programs that a test puts there. */
function machine(differences: Partial<Machine> = {}): Machine {
  return { nodeVersion: '22.1.0', glibcVersion: '2.36', platform: 'linux', env: { PATH: path }, ...differences };
}

function program(name: string, script: string): void {
  writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(path, name), 0o755);
}

function python(version: string, pip: string): void {
  program('python3', `if [ "$1" = -m ]; then ${pip}; else echo Python ${version}; fi`);
}

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'signet-path-'));
});
afterEach(() => {
  rmSync(path, { recursive: true });
});

describe('the prerequisites', () => {
  it('are all there on the machine that runs this', async () => {
    await expect(checkPrerequisites(everything, thisMachine())).resolves.toHaveProperty('compiler');
  });

  it('are all named at once when they are missing, with what installs them', async () => {
    await expect(checkPrerequisites(everything, machine())).rejects.toThrow(
      [
        'Set-up needs what this machine does not have:',
        '  - Python 3.8 or newer (python3). Received: python3 is not on the PATH',
        '  - pip 20.3 or newer (python3 -m pip). Received: python3 is not on the PATH',
        '  - make. Received: make is not on the PATH',
        '  - a C++ compiler (g++ or clang++). Received: none that runs on the PATH',
        'Install it with',
        '  Debian, Ubuntu: sudo apt-get install python3 python3-pip make g++',
        '  Fedora:         sudo dnf install python3 python3-pip make gcc-c++',
        'and run set-up again.',
      ].join('\n'),
    );
  });

  it('name only what is missing', async () => {
    python('3.11.2', 'echo /usr/bin/python3: No module named pip >&2; exit 1');
    program('make', 'echo GNU Make 4.3');
    program('g++', 'echo g++ 12');
    const check = checkPrerequisites(everything, machine());
    await expect(check).rejects.toThrow('Received: /usr/bin/python3: No module named pip');
    await expect(check).rejects.toThrow('apt-get install python3-pip\n');
    await expect(check).rejects.not.toThrow('C++ compiler');
  });

  it('name versions that are too old', async () => {
    python('3.6.9', 'echo pip 9.0.1 from /usr/lib/python3/dist-packages "(python 3.6)"');
    const old = machine({ nodeVersion: '18.20.4', glibcVersion: '2.17' });
    const check = checkPrerequisites({ ...everything, compile: false }, old);
    await expect(check).rejects.toThrow('Node.js 20.19 or newer, from https://nodejs.org. Received: 18.20.4');
    await expect(check).rejects.toThrow('(Debian 10, Ubuntu 18.04, Fedora 28 and later). Received: glibc 2.17');
    await expect(check).rejects.toThrow('(python3). Received: 3.6.9');
    await expect(check).rejects.toThrow('(python3 -m pip). Received: 9.0.1');
  });

  it('recognize Alpine Linux, where the library cannot run', async () => {
    python('3.11.2', 'echo pip 23.0');
    const check = checkPrerequisites({ ...everything, compile: false }, machine({ glibcVersion: undefined }));
    await expect(check).rejects.toThrow('Received: another C library (musl, as in Alpine Linux?)');
  });

  it("name macOS's own command there", async () => {
    const check = checkPrerequisites(everything, machine({ platform: 'darwin', glibcVersion: undefined }));
    await expect(check).rejects.toThrow('Install it with\n  macOS: xcode-select --install\nand run set-up again.');
  });

  it('take whichever C++ compiler runs, the one in CXX first', async () => {
    python('3.11.2', 'echo pip 23.0');
    program('make', 'echo GNU Make 4.3');
    program('g++', 'exit 1');
    program('clang++', 'echo clang 15');
    program('ccache', 'echo ccache 4');
    await expect(checkPrerequisites(everything, machine())).resolves.toEqual({ compiler: 'clang++' });
    const chosen = machine({ env: { PATH: path, CXX: 'ccache clang++' } });
    await expect(checkPrerequisites(everything, chosen)).resolves.toEqual({ compiler: 'ccache clang++' });
  });

  it('are only what is needed for what is left to do', async () => {
    const nothing = { download: false, extract: false, compile: false };
    await expect(checkPrerequisites(nothing, machine())).resolves.toBeDefined();
  });
});
