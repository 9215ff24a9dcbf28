import path from 'node:path';

import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type RunningServer, startServer } from '../../../src/serving/start-server.js';
import { findChromium } from '../../helpers/find-chromium.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { trainDigits } from '../../helpers/train-digits.js';

const executablePath = findChromium();
const digit = (name: string) => path.resolve('data/digits/test', name);

describe.skipIf(executablePath === null)('the page', () => {
  let server: RunningServer;
  let browser: Browser;

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    const model = await trainDigits(6);
    await model.save(path.join(folder, 'LenetModel', '1'));
    model.dispose();
    server = await startServer({ modelFolder: folder, restPort: 0, grpcPort: 0 }, '0.0.0');
    browser = await chromium.launch({ executablePath: executablePath ?? '' });
  });
  afterAll(async () => {
    await browser.close();
    await server.drain();
  });

  async function open(): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`http://127.0.0.1:${server.restPort}/`);
    return page;
  }

  it('answers a digit that is drawn with the mouse', async () => {
    const page = await open();
    const { x, y, width, height } = (await page.locator('#canvas').boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    const at = (right: number, down: number) => [x + right * width, y + down * height] as const;
    await page.mouse.move(...at(0.5, 0.08));
    await page.mouse.down();
    await page.mouse.move(...at(0.5, 0.92), { steps: 10 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Ask' }).click();
    const answer = page.getByRole('article').filter({ hasText: 'drawing' });
    await answer.getByRole('listitem').first().waitFor();
    expect(await answer.getByRole('listitem').first().textContent()).toMatch(/^1 \d+\.\d %$/);
    await page.close();
  });

  it('answers pictures that are dropped', async () => {
    const page = await open();
    await page.locator('#drop').drop({ files: [digit('0/0010.png'), digit('3/0083.png')] });
    for (const name of ['0010.png', '0083.png']) {
      const answer = page.getByRole('article').filter({ hasText: name });
      await answer.getByRole('listitem').nth(4).waitFor();
      expect(await answer.getByRole('listitem').count()).toBe(5);
    }
    await page.close();
  });

  it('tells what is wrong with a file, and answers the others', async () => {
    const page = await open();
    await page.setInputFiles('#files', [path.resolve('package.json'), digit('7/0043.png')]);
    await page.getByText('Expected a JPEG, PNG, GIF or BMP image. Received: text.').waitFor();
    await page.getByRole('article').filter({ hasText: '0043.png' }).getByRole('listitem').first().waitFor();
    await page.close();
  });
});
