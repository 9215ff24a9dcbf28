import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { SignetError } from '../errors.js';
import { diskFull, saysDiskFull } from './file-errors.js';
import { hashFile } from '../files/hash-file.js';
import { lastLines } from '../files/run-child.js';
import { runTool } from '../files/run-tool.js';
import { step, withUnfinishedFolder, type Site, type WheelAdvice } from './site.js';
import { pipDownloadArguments, type Wheel } from './wheel.js';

/** Path of a wheel between its download and its extraction; without a network, a person can put it there by hand. */
export function wheelPath(site: Pick<Site, 'cacheFolder'>, wheel: Wheel): string {
  return join(site.cacheFolder, 'wheels', wheel.file);
}

/**
 * Brings a wheel into the cache, or finds it there, and makes sure that it is the published one.
 *
 * @returns the wheel's path.
 * @throws SignetError `OFFLINE` when the package index cannot be reached, `SET_UP_FAILED` when it has no such wheel or the file is not the one in the
 *   table; each says how to get the wheel by hand.
 */
export async function downloadWheel(wheel: Wheel, site: Site): Promise<string> {
  const path = wheelPath(site, wheel);
  if (existsSync(path)) {
    const { again } = adviceOf(site);
    await checkHash(wheel, path, `Delete ${path}. ${again}.`, site);
    return path;
  }
  const size = wheel.bytes === undefined ? '' : ` (${Math.round(wheel.bytes / 1e6)} MB)`;
  await step(site, `Downloading ${wheel.package} ${wheel.version}${size}`, (advance) =>
    withUnfinishedFolder(site, async (folder) => {
      const stopWatching = watchSize(folder, wheel.bytes, advance);
      try {
        await site.fetchWheel(wheel, folder, site);
      } finally {
        stopWatching();
      }
      const advice = `Look at "python3 -m pip config list": is its package index a mirror? ${byHand(wheel, site)}`;
      await checkHash(wheel, join(folder, wheel.file), advice, site);
      await mkdir(join(site.cacheFolder, 'wheels'), { recursive: true });
      await rename(join(folder, wheel.file), path);
    }),
  );
  return path;
}

/** Downloads with the user's pip, and so from the index, through the proxy and with the certificates set up for it. */
export async function fetchWithPip(wheel: Wheel, folder: string, site: Site): Promise<void> {
  const scratch = join(folder, 'pip');
  await mkdir(scratch);
  // TMPDIR: pip's own temporary files lie on the cache's disk and are swept with it.
  // PIP_REQUIRE_VIRTUALENV would refuse a download too, which installs nothing.
  const env = { ...site.env, TMPDIR: scratch, PIP_REQUIRE_VIRTUALENV: '0' };
  const options = ['--disable-pip-version-check', '--no-cache-dir', '--progress-bar', 'off', '--dest', folder];
  const args = ['-m', 'pip', ...pipDownloadArguments(wheel), ...options];
  const { signal, onOutput } = site;
  const { ok, output, ending } = await runTool('python3', args, { env, signal, onOutput });
  if (ok && existsSync(join(folder, wheel.file))) return;
  if (saysDiskFull(output)) throw diskFull(folder);
  throw pipError(wheel, whatPipSaid(output) || ending, output, site);
}

function pipError(wheel: Wheel, received: string, output: string, site: Site): SignetError {
  const name = `${wheel.package} ${wheel.version}${wheel.platform === 'any' ? '' : ` for ${wheel.platform}`}`;
  const quoted = received.replaceAll(/^/gm, '  ');
  if (saysUnreachable(output)) {
    return new SignetError(
      'OFFLINE',
      `The Python package index cannot be reached, so ${name} cannot be downloaded. pip said:\n${quoted}\n` +
        `${adviceOf(site).again} when it can. ${byHand(wheel, site)}`,
    );
  }
  return new SignetError(
    'SET_UP_FAILED',
    `pip could not download ${name}. It said:\n${quoted}\n${byHand(wheel, site)}`,
  );
}

function adviceOf({ advice }: Site): WheelAdvice {
  return (
    advice ?? {
      again: 'Run set-up again',
      instead: 'or run set-up with --library DIR, where DIR is the folder of a TensorFlow library that you have.',
    }
  );
}

function byHand(wheel: Wheel, site: Site): string {
  return [
    'By hand: on a machine that reaches the index, run',
    `  python3 -m pip ${pipDownloadArguments(wheel).join(' ')}`,
    `and put ${wheel.file} into ${join(site.cacheFolder, 'wheels')};`,
    adviceOf(site).instead,
  ].join('\n');
}

/** pip repeats a failed connection in long lines; its cause and pip's verdict are enough. */
function whatPipSaid(output: string): string {
  const cause = /\[Errno [^\]]*\][^')]*|Read timed out|CERTIFICATE_VERIFY_FAILED[^')]*/i.exec(output)?.[0];
  const verdict = output.split('\n').filter((line) => line.startsWith('ERROR:'));
  const lines = [...(cause === undefined ? [] : [cause]), ...verdict];
  return lines.length > 0 ? lines.join('\n') : lastLines(output);
}

/** pip does not say why it gave up. An index that answers would have listed other versions. */
const unreachable = [
  ...['from versions: none', 'connection broken by', 'connection aborted', 'failed to establish a new connection'],
  ...['max retries exceeded', 'name resolution', 'timed out', 'timeouterror', 'incompleteread', 'protocolerror'],
  ...['network is unreachable', 'connection refused', 'proxyerror', 'sslerror'],
];

function saysUnreachable(output: string): boolean {
  const text = output.toLowerCase();
  return unreachable.some((phrase) => text.includes(phrase));
}

async function checkHash(wheel: Wheel, path: string, advice: string, site: Site): Promise<void> {
  const received = await hashFile(path, site.signal);
  if (received === wheel.sha256) return;
  throw new SignetError(
    'SET_UP_FAILED',
    `${wheel.file} is not the published file. Expected SHA-256: ${wheel.sha256}. Received: ${received}. ${advice}`,
  );
}

/** Reports progress by the growth of pip's files: while it downloads, pip itself tells a program nothing. */
function watchSize(folder: string, total: number | undefined, advance: (fraction: number) => void): () => void {
  if (total === undefined) return () => undefined;
  const timer = setInterval(() => {
    void sizeOf(folder).then((bytes) => advance(Math.min(bytes / total, 1)));
  }, 500);
  return () => clearInterval(timer);
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map((file) =>
    stat(join(file.parentPath, file.name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  // pip downloads into its own folder, then copies: the size of the largest file counts, not the sum.
  return Math.max(0, ...(await Promise.all(sizes)));
}
