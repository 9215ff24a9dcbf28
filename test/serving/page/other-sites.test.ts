/// <reference lib="dom" />
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type RunningServer, startServer } from '../../../src/serving/start-server.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { launchChromium } from '../../helpers/page/launch-chromium.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

/** A name that somebody else owns and points at this machine, as DNS rebinding does. */
const evil = 'evil.example';
/** One whose pages may use the server (`--cors-origin`). */
const friend = 'friend.example';

describe('a page of another site (finding 8), in Chromium', () => {
  let server: RunningServer;
  let site: Server;
  let browser: Browser;
  let page: Page;
  let statuses: number[];

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    await saveScale(path.join(folder, 'Scale'), 1);
    const onRequest = ({ httpStatus = 0 }) => void statuses.push(httpStatus);
    site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<h1>evil</h1>'));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    const corsOrigins = [`http://${friend}:${(site.address() as AddressInfo).port}`];
    const options = { modelFolder: folder, restPort: 0, grpcPort: 0, pollSeconds: 0, onRequest, corsOrigins };
    server = await startServer(options, '0.0.0');
    browser = await launchChromium([`--host-resolver-rules=MAP *.example 127.0.0.1`]);
  });
  beforeEach(async () => {
    page = await browser.newPage();
  });
  afterEach(() => page.close());
  afterAll(async () => {
    await browser.close();
    site.close();
    await server.drain();
  });

  const own = () => `http://127.0.0.1:${server.restPort}`;
  const predict = () => `${own()}/v1/models/Scale:predict`;
  const openSite = async (name = evil) => {
    await page.goto(`http://${name}:${(site.address() as AddressInfo).port}/`);
    statuses = [];
  };
  /** The server has noted the requests once the page goes on. */
  const refused = (count: number) => expect.poll(() => statuses).toEqual(Array(count).fill(403));

  it('sends no work with fetch, which asks nobody first', async () => {
    await openSite();
    const types = await page.evaluate(async (url) => {
      const bodies = ['{"instances":[1]}', new URLSearchParams({ a: '1' }), new Blob(['x'])];
      const answers = bodies.map((body) => fetch(url, { method: 'POST', mode: 'no-cors', body }));
      return (await Promise.all(answers)).map(({ type }) => type);
    }, predict());
    expect(types).toEqual(['opaque', 'opaque', 'opaque']);
    await refused(3);
  });

  it('sends no form, and reads nothing as an image or a script', async () => {
    await openSite();
    await page.evaluate((base) => {
      for (const name of ['img', 'script']) {
        const element = Object.assign(document.createElement(name), { src: `${base}/v1/models/Scale/metadata` });
        document.body.append(element);
      }
    }, own());
    await refused(2);
    await page.evaluate((url) => {
      const form = Object.assign(document.createElement('form'), {
        method: 'post',
        action: url,
        enctype: 'text/plain',
      });
      document.body.append(form);
      form.submit();
    }, predict());
    await refused(3);
  });

  it('reads nothing when its name is rebound to this machine', async () => {
    statuses = [];
    for (const route of ['', 'v1/models/Scale', 'monitoring/prometheus/metrics', 'openapi.json']) {
      const answer = await page.goto(`http://${evil}:${server.restPort}/${route}`);
      expect([route, answer?.status()]).toEqual([route, 403]);
      expect(await answer?.text()).toContain('--allowed-host');
    }
    // Nor does what is shown there ask anything: it is not a document.
    const asked = await page.evaluate(() => fetch('/v1/models/Scale').then(String, String));
    expect(asked).toContain('Failed to fetch');
  });

  it('reads answers, and errors, where its origin may (--cors-origin)', async () => {
    const askAs = async (name: string) => {
      await openSite(name);
      return page.evaluate(async (url) => {
        const init = { method: 'POST', headers: { 'Content-Type': 'application/json', Authorization: 'Bearer x' } };
        const [good, bad] = await Promise.all(
          ['{"instances":[[1, 2]]}', 'no JSON'].map((body) =>
            fetch(url, { ...init, body }).then((answer) => answer.text(), String),
          ),
        );
        return [good, bad];
      }, predict());
    };
    const [good, bad] = await askAs(friend);
    expect(good).toContain('predictions');
    expect(bad).toContain('JSON Parse error');
    expect(await askAs(evil)).toEqual(['TypeError: Failed to fetch', 'TypeError: Failed to fetch']);
  });

  it('may link to the page, which may ask as before', async () => {
    await openSite();
    await page.setContent(`<a href="${own()}/">there</a>`);
    await page.click('a');
    await page.waitForURL(`${own()}/`);
    const status = await page.evaluate(async (url) => {
      const body = JSON.stringify({ instances: [1] });
      return (await fetch(url, { method: 'POST', body })).status;
    }, predict());
    expect(status).not.toBe(403);
  });
});
