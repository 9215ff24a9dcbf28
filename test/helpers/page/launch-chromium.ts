import { execFile } from 'node:child_process';
import { accessSync, constants, createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';

import { type Browser, chromium, type LaunchOptions } from 'playwright-core';

import { cacheFolder } from '../../../src/files/cache-folder.js';

const packageName = '@sparticuz/chromium';

/** Flags with which WebGL and WebGPU run on the processor. */
export const withGraphics: readonly string[] = [
  ...['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
  ...['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
];

/** Starts the Chromium that pages are tested in, with additional flags. */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ ...(await findChromium()), args: [...args] });
}

/**
 * Finds a Chromium: `$CHROMIUM_PATH`; on Linux x64 the one inside npm's package @sparticuz/chromium, so that every machine tests with the same one;
 * elsewhere an installed one.
 *
 * @throws Error that says what to do if there is none: the page's tests then fail instead of being skipped.
 */
async function findChromium(): Promise<LaunchOptions> {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined) {
    if (isExecutable(given)) return { executablePath: given };
    throw new Error(`CHROMIUM_PATH, ${given}, is not an executable file. Correct it, or unset it.`);
  }
  const packed = packageFolder();
  if (packed !== null) return unpacked(packed);
  const installed = usualPlaces().find(isExecutable);
  if (installed !== undefined) return { executablePath: installed };
  throw new Error(
    `The web page is tested in Chromium, and there is none. On Linux x64 run npm install, which brings ${packageName}; elsewhere install ` +
      'Chromium or Chrome, or set CHROMIUM_PATH.',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The usual places of distributions and of the browsers' own installers, best first. */
function usualPlaces(): string[] {
  const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/snap/bin', '/opt/google/chrome'];
  const applications = [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  return [...folders.flatMap((folder) => names.map((name) => path.join(folder, name))), ...applications];
}

/** Folder of the package's compressed files; null if its binary does not run here. */
function packageFolder(): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null;
  try {
    return path.resolve(createRequire(import.meta.url).resolve(packageName), '../../../bin');
  } catch {
    return null;
  }
}

/**
 * Unpacks the package's browser, libraries and fonts into the cache, once per version.
 *
 * The libraries (NSS) and fonts are for machines without a desktop, SwiftShader for those without a graphics card.
 */
async function unpacked(packed: string): Promise<LaunchOptions> {
  const { version } = createRequire(import.meta.url)(path.join(packed, '../package.json')) as { version: string };
  const folder = path.join(cacheFolder(), `chromium-${version}-swiftshader`);
  if (!existsSync(folder)) await unpack(packed, folder);
  const libraries = [path.join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  const env = { ...process.env, LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: folder };
  return { executablePath: path.join(folder, 'chromium'), env };
}

async function unpack(packed: string, folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  const made = await mkdtemp(`${folder}.new-`);
  try {
    await decompress(path.join(packed, 'chromium.br'), path.join(made, 'chromium'));
    for (const name of ['al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
      const archive = path.join(made, name);
      await decompress(path.join(packed, `${name}.br`), archive);
      await promisify(execFile)('tar', ['-xf', archive, '-C', made]);
      await rm(archive);
    }
    await writeFile(path.join(made, 'fonts.conf'), fontsConfiguration(folder));
    await rename(made, folder);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    // Another test file may have been faster.
    if (!existsSync(folder)) throw error;
  }
}

function decompress(from: string, to: string): Promise<void> {
  return pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode: 0o755 }));
}

const fontsConfiguration = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${path.join(folder, 'fonts')}</dir>
  <cachedir>${path.join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
