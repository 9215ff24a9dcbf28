import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';

import sharp from 'sharp';

import { findDuplicates } from '../src/data/scan/find-duplicates.js';
import { scanImageDirectory } from '../src/data/scan/scan-image-directory.js';
import { scanMemoryPlace } from '../src/data/scan/scan-memory.js';
import { numberFlag } from './number-flag.js';

/**
 * `npx tsx bench/scan.ts [--most 300000]`: the cost of scanning 1,000, 10,000, 100,000 and 300,000 small images in ten classes, in a first scan and
 * in a second one, each in its own process: seconds, seconds of processor time, and peak MiB in addition to those of the process before.
 */
const [, , command, directory = ''] = process.argv;
if (command === 'scan') await scan();
else await compare();

async function compare(): Promise<void> {
  const most = numberFlag('most', 300_000);
  const folder = mkdtempSync(join(tmpdir(), 'signet-scan-'));
  try {
    console.log('images   start    s      cpu s  MiB');
    for (const images of [1000, 10_000, 100_000, 300_000].filter((each) => each <= most)) {
      const data = join(folder, String(images));
      await generate(data, images);
      for (const start of ['first', 'second', 'third']) {
        const numbers = run(data, join(folder, 'cache'));
        console.log([images.toString().padEnd(8), start.padEnd(8), ...numbers.map((each) => each.padEnd(6))].join(' '));
      }
      rmSync(data, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(data: string, cache: string): string[] {
  const program = fileURLToPath(import.meta.url);
  const output = execFileSync(process.execPath, [...process.execArgv, program, 'scan', data], {
    env: { ...process.env, SIGNET_CACHE: cache },
    encoding: 'utf8',
  });
  return output.trim().split(' ');
}

async function scan(): Promise<void> {
  const before = process.resourceUsage().maxRSS;
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const found = await scanImageDirectory(directory, { memory: await scanMemoryPlace(directory) });
  await findDuplicates(found, null);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - started) / 1000;
  const mebibytes = (process.resourceUsage().maxRSS - before) / 1024;
  console.log([seconds.toFixed(2), ((user + system) / 1e6).toFixed(2), mebibytes.toFixed(0)].join(' '));
}

/** Writes images that all have different bytes: a PNG with a different comment in each. */
async function generate(data: string, images: number): Promise<void> {
  const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
  for (let label = 0; label < 10; label++) mkdirSync(join(data, `class-${label}`), { recursive: true });
  for (let i = 0; i < images; i++) {
    const name = `photograph-${String(i).padStart(7, '0')}.png`;
    writeFileSync(join(data, `class-${i % 10}`, name), withComment(png, `${i} ${'x'.repeat(i % 997)}`));
  }
  // Files that changed within the last seconds are not remembered.
  await new Promise((resolve) => setTimeout(resolve, 2500));
}

function withComment(png: Buffer, text: string): Buffer {
  const chunk = Buffer.from(`tEXtComment\0${text}`);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(chunk.length - 4);
  checksum.writeUInt32BE(crc32(chunk));
  const end = png.length - 12;
  return Buffer.concat([png.subarray(0, end), length, chunk, checksum, png.subarray(end)]);
}
