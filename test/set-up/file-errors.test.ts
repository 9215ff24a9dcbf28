import { tmpdir } from 'node:os';

import { describe, expect, it } from 'vitest';

import { SignetError } from '../../src/errors.js';
import { checkSpace, explainFileError, saysDiskFull } from '../../src/set-up/file-errors.js';

const failure = (code: string, path: string, syscall = 'open') =>
  Object.assign(new Error(`${code}: it failed`), { code, path, syscall });

describe('file errors', () => {
  it.each([
    ['ENOSPC', '/cache/wheels', 'The disk is full at /cache/wheels. Free some space there, or set SIGNET_CACHE'],
    ['EDQUOT', '/project/node_modules', 'The disk is full at /project/node_modules. Free some space there and run'],
    ['EACCES', '/cache/wheels', 'Set-up may not write /cache/wheels (EACCES). Make it writable for your user, or set'],
    ['EROFS', '/project/node_modules', 'Set-up may not write /project/node_modules (EROFS). Make it writable for'],
  ])('%s at %s is told in words', (code, path, message) => {
    const error = explainFileError(failure(code, path), '/cache');
    expect(error).toBeInstanceOf(SignetError);
    expect(String(error)).toContain(message);
  });

  it('a folder that cannot be made is named, with the variable that names another', () => {
    const error = explainFileError(failure('ENOTDIR', '/etc/hosts/signet', 'mkdir'), '/etc/hosts/signet');
    expect(String(error)).toContain('The folder /etc/hosts/signet cannot be made (ENOTDIR).');
    expect(String(error)).toContain('SIGNET_CACHE names another folder.');
  });

  it('any other error stays what it is', () => {
    const error = failure('EISDIR', '/cache');
    expect(explainFileError(error, '/cache')).toBe(error);
  });

  it('space is looked for before a download', async () => {
    await expect(checkSpace(tmpdir(), 1)).resolves.toBeUndefined();
    await expect(checkSpace(tmpdir(), 1e18)).rejects.toThrow(
      /^Set-up needs 1000000000\.0 GB in .* Received: .* GB free/,
    );
  });

  it("a full disk is recognized in a program's output", () => {
    expect(saysDiskFull('cc1plus: error writing: No space left on device')).toBe(true);
    expect(saysDiskFull('all is well')).toBe(false);
  });
});
