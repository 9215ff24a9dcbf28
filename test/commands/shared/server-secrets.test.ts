import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { readToken } from '../../../src/commands/shared/server-secrets.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

afterEach(() => vi.unstubAllEnvs());

describe('readToken', () => {
  it.each(['', '   ', '\n'])('refuses SIGNET_TOKEN=%j: it would open the server', async (text) => {
    vi.stubEnv('SIGNET_TOKEN', text);
    await expect(readToken({})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('SIGNET_TOKEN is set and has no token in it.') as string,
    });
  });

  it.each([
    ['\ufeff\n', 'no token in it'],
    ['\u00a0\u3000', 'no token in it'],
    ['\u200b', 'printable characters of ASCII'],
    ['one\ntwo', 'printable characters of ASCII'],
  ])('refuses what looks empty and what no header can hold: %j', async (text, message) => {
    vi.stubEnv('SIGNET_TOKEN', text);
    await expect(readToken({})).rejects.toThrow(message);
    const file = path.join(await temporaryFolder(), 'token');
    await writeFile(file, text);
    await expect(readToken({ tokenFile: file })).rejects.toThrow(message);
  });

  it('refuses a file without one', async () => {
    const file = path.join(await temporaryFolder(), 'token');
    await writeFile(file, '\n \n');
    await expect(readToken({ tokenFile: file })).rejects.toThrow('has no token in it');
  });

  it('asks for none where none is set', async () => {
    vi.stubEnv('SIGNET_TOKEN', undefined);
    expect(await readToken({})).toBeUndefined();
  });
});
