import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Environment variables that decide where the cache is. */
export interface CacheEnvironment {
  readonly SIGNET_CACHE?: string | undefined;
  readonly XDG_CACHE_HOME?: string | undefined;
}

/**
 * The folder where a user's set-ups keep TensorFlow's library and the built addon, as an absolute path.
 *
 * `SIGNET_CACHE` comes first, then `XDG_CACHE_HOME`, then the system's usual place. A relative `XDG_CACHE_HOME` is ignored, as the XDG base directory
 * specification asks.
 */
export function cacheFolder(
  environment: CacheEnvironment = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  const { SIGNET_CACHE: own = '', XDG_CACHE_HOME: xdg = '' } = environment;
  if (own !== '') return resolve(own);
  if (isAbsolute(xdg)) return join(xdg, 'signet');
  return platform === 'darwin' ? join(home, 'Library', 'Caches', 'signet') : join(home, '.cache', 'signet');
}
