/**
 * Writes the pictures of docs/tutorial.md and the README from a real run of the tutorial's commands on the bundled photographs: the
 * recording of the terminal and the page on a phone.
 */
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import sharp from 'sharp';

import { launchChromium } from '../../test/helpers/page/launch-chromium.js';
import { startServeModel } from '../../test/helpers/servers/start-serve-model.js';
import { runCommandIn } from './run-command-in.js';
import { type RecordedCommand, terminalSvg } from './terminal-svg.js';

const images = path.resolve('docs/images');
const folder = await mkdtemp(path.join(tmpdir(), 'signet-pictures-'));
try {
  await symlink(path.resolve('data/clothing'), path.join(folder, 'photos'));
  const model = 'models/EfficientNetLiteModel/1';
  const recording = [
    await record(
      'train-model --model-type EfficientNetLiteModel \\\n    --train-dataset-path photos/train --test-dataset-path photos/test',
      // The hints about what to do next are long lines.
      (output) => output.slice(0, output.indexOf('\nbetter')),
    ),
    await record(`predict-image photos/test/hat/0001.jpg --model-path ${model} --top-k 3`),
    await record(`export-model --model-path ${model} --format tfjs litert --page --output exports`, (output) =>
      output.slice(0, output.indexOf('\n\ncompared')),
    ),
    await recordServer(),
  ];
  await writeFile(path.join(images, 'terminal.svg'), terminalSvg(recording));
  await photographPhone(path.join(folder, 'exports/page/index.html'));
} finally {
  await rm(folder, { recursive: true });
}

/**
 * Runs a command as a reader would.
 *
 * @param line Name and words of the command.
 * @param shorten Leaves out what would make the recording too long.
 */
async function record(line: string, shorten = (output: string) => output): Promise<RecordedCommand> {
  const [name = '', ...words] = line.split(/[\s\\]+/);
  const stdout = await runCommandIn(folder, name, words);
  return { command: `npx ${line}`, output: shorten(stdout.replace(/^\n+/, '')) };
}

/** Runs a server until it answers. It listens on free ports here, but the recording shows the default ports. */
async function recordServer(): Promise<RecordedCommand> {
  const server = await startServeModel(['--model-folder', 'models'], { cwd: folder });
  await server.end();
  const shown = server.output.stdout
    .replaceAll(`:${server.restPort}`, ':8501')
    .replaceAll(`:${server.grpcPort}`, ':8500');
  return { command: 'npx serve-model --model-folder models', output: shown.replace(/^\n+/, '') };
}

/** Takes a screenshot of the page that needs no server, as on a phone. */
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
