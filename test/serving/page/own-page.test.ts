import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { type RunningServer, startServer } from '../../../src/serving/start-server.js';
import { launchChromium } from '../../helpers/page/launch-chromium.js';
import { openWatched } from '../../helpers/page/page-in-chromium.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const [, html = ''] = /```html\n([^]*?)```/.exec(readFileSync('docs/serving.md', 'utf8')) ?? [];

describe('the page in docs/serving.md, from another address', () => {
  let server: RunningServer;
  let site: Server;
  let browser: Browser;

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    const model = new LenetModel({ classNames: '0123456789'.split(''), seed: 1 });
    await model.save(path.join(folder, 'LenetModel', '1'));
    model.dispose();
    site = createServer((_, response) => {
      const there = `http://127.0.0.1:${server.restPort}/`;
      response.setHeader('Content-Type', 'text/html').end(html.replace('http://127.0.0.1:8501/', there));
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    const corsOrigins = [`http://localhost:${(site.address() as AddressInfo).port}`];
    server = await startServer({ modelFolder: folder, restPort: 0, grpcPort: 0, corsOrigins }, '0.0.0');
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    site.close();
    await server.drain();
  });

  it('shows the classes of a picture, and what is wrong with other files', async () => {
    const { page } = await openWatched(browser, `http://localhost:${(site.address() as AddressInfo).port}/`);
    await page.locator('#picture').setInputFiles(path.resolve('data/digits/test/7/0043.png'));
    await expect.poll(() => page.locator('#answer').textContent()).toMatch(/^\d 0\.\d{4}(\n\d 0\.\d{4}){4}$/);
    await page.locator('#picture').setInputFiles(path.resolve('package.json'));
    await expect.poll(() => page.locator('#answer').textContent()).toContain('Expected a JPEG, PNG');
  });
});
