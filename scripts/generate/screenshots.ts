/**
 * `npm run docs:screenshots`: takes the screenshots of the web page and the reports for the documentation. It trains two models on the bundled
 * photographs, checks the photographs, serves the models, and opens all of it in Chromium.
 */
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';

import { launchChromium } from '../../test/helpers/page/launch-chromium.js';
import { startServeModel } from '../../test/helpers/servers/start-serve-model.js';
import { runCommandIn } from './run-command-in.js';

/** Limit of a picture, because pictures are part of the repository. */
const mostBytes = 150_000;
const images = path.resolve('docs/images');
const folder = await mkdtemp(path.join(tmpdir(), 'signet-screenshots-'));
try {
  await symlink(path.resolve('data/clothing'), path.join(folder, 'photos'));
  const sets = ['--train-dataset-path', 'photos/train', '--test-dataset-path', 'photos/test'];
  const model = ['--model-type', 'EfficientNetLiteModel', '--with-heatmap'];
  await runCommandIn(folder, 'train-model', [...model, ...sets, '--target-accuracy', '0.9']);
  await runCommandIn(folder, 'train-model', [...model, ...sets, '--resize', 'crop', '--target-accuracy', '0.9']);
  await runCommandIn(folder, 'check-dataset', [...sets, '--report', 'check.html']);
  const browser = await launchChromium();
  try {
    await photographPage(browser);
    await photographReports(browser);
  } finally {
    await browser.close();
  }
} finally {
  await rm(folder, { recursive: true });
}

async function photographPage(browser: Browser): Promise<void> {
  const basePath = path.join(folder, 'models', 'EfficientNetLiteModel');
  const config = path.join(folder, 'models.config');
  await writeFile(config, `model_config_list { config { name: "clothing" base_path: ${JSON.stringify(basePath)} model_platform: "tensorflow" model_version_policy { all {} } } }\n`); // prettier-ignore
  const server = await startServeModel(['--model-config-file', config], { cwd: folder });
  const url = `http://127.0.0.1:${server.restPort}/`;
  try {
    const photographs = ['hat/0001.jpg', 'dress/0003.jpg', 'shirt/0002.jpg'];
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open(browser, url, { colorScheme, viewport: { width: 1180, height: 760 } });
      await page.getByLabel('Show where the class was seen').check();
      await warmUp(page);
      // A picture of a digit is not like any photograph of clothing.
      await ask(page, [...photographs.map(photograph), path.resolve('data/digits/test/7/0043.png')]);
      await keep(page, `page-${colorScheme}.png`);
    }
    const page = await open(browser, `${url}?compare=1`, { viewport: { width: 1180, height: 620 } });
    await page.getByLabel('Show where the class was seen').check();
    await warmUp(page);
    await ask(page, [photograph('shorts/0022.jpg')]);
    await keep(page, 'page-compare.png');
  } finally {
    await server.end();
  }
}

function photograph(name: string): string {
  return path.resolve('data/clothing/test', name);
}

async function open(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(url);
  await page.locator('#workplace:visible').waitFor();
  return page;
}

/** Runs each model once, because its first call is slow, and removes the answer. */
async function warmUp(page: Page): Promise<void> {
  await ask(page, [photograph('hat/0004.jpg')]);
  await page.getByRole('button', { name: 'Clear the answers' }).click();
}

/** Sends files, and waits until all are answered and their pictures drawn. */
async function ask(page: Page, files: readonly string[]): Promise<void> {
  await page.locator('#files').setInputFiles([...files]);
  await page.locator(`article[aria-busy=false] >> nth=${files.length - 1}`).waitFor();
  await page.waitForFunction(`[...document.images].filter((each) => each.checkVisibility()).every((each) => each.complete && each.naturalWidth > 0)`); // prettier-ignore
  await page.evaluate('scrollTo(0, 0)');
}

async function photographReports(browser: Browser): Promise<void> {
  const report = path.join(folder, 'models/EfficientNetLiteModel/1/assets.extra/report/report.html');
  const training = await openFile(browser, report, { width: 1100, height: 860 });
  await keep(training, 'report.png');
  await training.setViewportSize({ width: 1100, height: 580 });
  await training.goto(`${pathToFileURL(report).href}#mistakes`);
  await keep(training, 'report-mistakes.png');
  const check = await openFile(browser, path.join(folder, 'check.html'), { width: 1100, height: 780 });
  await keep(check, 'check-dataset.png');
}

async function openFile(browser: Browser, file: string, viewport: { width: number; height: number }): Promise<Page> {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  await page.goto(pathToFileURL(file).href);
  return page;
}

/** Takes a screenshot of the window, and prints its size. */
async function keep(page: Page, name: string): Promise<void> {
  const file = path.join(images, name);
  await sharp(await page.screenshot()).png({ palette: true, quality: 80, effort: 10 }).toFile(file); // prettier-ignore
  const { size } = await stat(file);
  process.stdout.write(`${name}: ${Math.round(size / 1000)} kB\n`);
  if (size > mostBytes) throw new Error(`${name} has ${size} bytes; at most ${mostBytes} are kept in the repository.`);
}
