/**
 * Writes the pictures of docs/tutorial.md and the README from a real run of the tutorial's commands on the bundled photographs: the
 * recording of the terminal and the page on a phone.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import sharp from 'sharp';

import { launchChromium } from '../../test/helpers/page/launch-chromium.js';
import { type RecordedCommand, terminalSvg } from './terminal-svg.js';

const images = path.resolve('docs/images');
const folder = await mkdtemp(path.join(tmpdir(), 'signet-pictures-'));
try {
  await symlink(path.resolve('data/clothing'), path.join(folder, 'photos'));
  const model = 'models/EfficientNetLiteModel/1';
  const recording = [
    await record(
      'train-model --model-type EfficientNetLiteModel \\\n    --train-dataset-path photos/train --test-dataset-path photos/test',
      // What could be done next takes long lines.
      (output) => output.slice(0, output.indexOf('\nbetter')),
    ),
    await record(`predict-image photos/test/hat/0001.jpg --model-path ${model} --top-k 3`),
    await record(`export-model --model-path ${model} --format tfjs litert --page --output exports`, (output) =>
      output.slice(0, output.indexOf('\n\ncompared')),
    ),
    await record('serve-model --model-folder models', undefined, /^page .*$/m),
  ];
  await writeFile(path.join(images, 'terminal.svg'), terminalSvg(recording));
  await photographPhone(path.join(folder, 'exports/page/index.html'));
} finally {
  await rm(folder, { recursive: true });
}

/**
 * Runs a command as its reader would.
 *
 * @param line Name and words of the command.
 * @param shorten Leaves out what would make the recording too long.
 * @param until What a command prints that runs until Ctrl-C: then it gets one.
 */
async function record(line: string, shorten = (output: string) => output, until?: RegExp): Promise<RecordedCommand> {
  const [name = '', ...words] = line.split(/[\s\\]+/);
  const main = path.resolve('src/commands', name, 'main.ts');
  const child = spawn(process.execPath, [path.resolve('node_modules/tsx/dist/cli.mjs'), main, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let seen = '';
  if (until !== undefined) {
    child.stdout.on('data', (piece: Buffer) => {
      seen += piece.toString();
      if (until.test(seen)) child.kill('SIGINT');
    });
  }
  const closed = once(child, 'close');
  const output = await text(child.stdout);
  await closed;
  if (child.exitCode !== 0 && until === undefined) throw new Error(`${line} ended with ${child.exitCode}:\n${output}`);
  return { command: `npx ${line}`, output: shorten(output.replace(/^\n+/, '')) };
}

/** Takes a picture of the page that needs no server, as a phone shows it. */
async function photographPhone(page: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const tab = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true });
    await tab.goto(pathToFileURL(page).href);
    await tab.locator('#workplace:visible').waitFor();
    await tab.locator('#files').setInputFiles(path.resolve('data/clothing/test/hat/0001.jpg'));
    await tab.getByText('hat').first().waitFor();
    await tab.evaluate(() => globalThis.scrollTo(0, 0));
    const picture = await tab.screenshot();
    await sharp(picture).png({ palette: true, quality: 80 }).toFile(path.join(images, 'phone.png'));
  } finally {
    await browser.close();
  }
}
