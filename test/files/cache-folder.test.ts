import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { cacheFolder } from '../../src/files/cache-folder.js';

describe('the cache folder', () => {
  it.each([
    [{ SIGNET_CACHE: '/mine', XDG_CACHE_HOME: '/xdg' }, 'linux', '/mine'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'linux', '/xdg/signet'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'darwin', '/xdg/signet'],
    [{}, 'linux', '/home/ada/.cache/signet'],
    [{}, 'darwin', '/home/ada/Library/Caches/signet'],
    [{ SIGNET_CACHE: '', XDG_CACHE_HOME: '' }, 'linux', '/home/ada/.cache/signet'],
    [{ XDG_CACHE_HOME: 'relative' }, 'linux', '/home/ada/.cache/signet'],
    [{ SIGNET_CACHE: 'relative' }, 'linux', resolve('relative')],
  ] as const)('%j on %s is %s', (environment, platform, expected) => {
    expect(cacheFolder(environment, platform, '/home/ada')).toBe(expected);
  });
});
