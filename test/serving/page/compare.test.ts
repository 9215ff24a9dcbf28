import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { ConfidenceSettings } from '../../../src/models/classifier/confidence-settings.js';
import { type RunningServer, startServer } from '../../../src/serving/start-server.js';
import { SmallClassifier } from '../../helpers/models/small-classifier.js';
import { launchChromium } from '../../helpers/page/launch-chromium.js';
import { watchPage } from '../../helpers/page/page-in-chromium.js';
import { textContrasts } from '../../helpers/page/text-contrast.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import '../../helpers/servers/threads-given.js';

const digit = path.resolve('data/digits/test/7/0043.png');
const distances = { centroids: 0, typicalDistance: 0, farDistance: 0 };

describe('the page, of a model with several versions', () => {
  let server: RunningServer;
  let browser: Browser;

  beforeAll(async () => {
    const basePath = path.join(await temporaryFolderForAll(), 'Insects');
    const save = async (version: number, classNames: string[], settings: ConfidenceSettings = {}) => {
      const model = new SmallClassifier({ classNames, seed: 1, withHeatmap: version !== 2 });
      model.setConfidence(settings);
      await model.save(path.join(basePath, String(version)));
      model.dispose();
    };
    await save(1, ['ant', 'bee', 'wasp']);
    // The same weights with other names.
    await save(2, ['bee', 'ant', 'wasp'], {
      sure: { targetAccuracy: 0.99, threshold: 1 },
      known: { ...distances, threshold: 0 },
    });
    await save(3, ['ant', 'bee', 'wasp']);
    const models = [{ name: 'Insects', basePath, policy: { kind: 'all' as const } }];
    server = await startServer({ models, restPort: 0, grpcPort: 0 }, '0.0.0');
    browser = await launchChromium();
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  afterAll(async () => {
    await browser.close();
    await server.drain();
  });

  const open = (rest = '') => watchPage(browser, `http://127.0.0.1:${server.restPort}/${rest}`);

  it('compares two of them on one picture, and says where they differ', async () => {
    const { page, errors } = await open();
    await page.getByLabel('Compare with').selectOption('version 2');
    await page.locator('#files').setInputFiles(digit);
    const answer = page.getByRole('article', { name: '0043.png' });
    await answer.getByRole('table').waitFor();
    expect(await answer.getByRole('columnheader').allTextContents()).toEqual([
      'Class',
      'version 3',
      'version 2',
      'Difference',
    ]);
    const rows = await answer.getByRole('row').allInnerTexts();
    const numbers = rows.slice(1).map((row) => row.split(/\s*\t\s*/).map((text) => text.replace(/ %$/, '')));
    expect(numbers.map(([name]) => name).toSorted()).toEqual(['ant', 'bee', 'wasp']);
    for (const [, first, second, difference] of numbers) {
      expect(Math.abs(Number(second) - Number(first) - Number(difference?.replace('−', '-')))).toBeLessThan(0.11);
    }
    const classes = new Map(numbers.map(([name, first, second]) => [name, [first, second]]));
    // Names changed places.
    expect(classes.get('ant')).toEqual(classes.get('bee')?.toReversed());
    const verdict = await answer.locator('.verdict').textContent();
    expect(verdict).toMatch(/^Version 3 says “(?:ant|bee|wasp)”, version 2 says “(?:ant|bee|wasp)” \(not sure\)\.$/);
    expect(await page.getByRole('status').textContent()).toBe(`0043.png: ${verdict}`);
    expect(await answer.locator('.time').textContent()).toMatch(
      /^version 3 · [\d.]+ ms round trip, version 2 · [\d.]+ ms round trip$/,
    );
    expect(errors).toEqual([]);
  });

  it('says where both come to the same, keeps the choice in the address, and shows both heat maps', async () => {
    const { page } = await open('?version=1&compare=3');
    expect(await page.getByLabel('Compare with').inputValue()).toBe('3');
    await page.getByLabel('Show where the class was seen').check();
    await page.locator('#files').setInputFiles(digit);
    const answer = page.getByRole('article', { name: '0043.png' });
    await answer.getByText(/^Both versions say “(?:ant|bee|wasp)”\.$/).waitFor();
    for (const version of [1, 3]) {
      await answer
        .getByRole('img', { name: new RegExp(`^Where “(?:ant|bee|wasp)” was seen by version ${version}$`) })
        .waitFor();
    }
    const differences = await answer.locator('tbody td:last-child').allTextContents();
    expect(differences).toEqual(['0.0', '0.0', '0.0']);
    await answer.getByText('The same with curl').click();
    const curl = (await answer.locator('code').textContent()) ?? '';
    expect(curl.split('\n').map((line) => /versions\/\d:explain-image/.exec(line)?.[0])).toEqual([
      'versions/1:explain-image',
      'versions/3:explain-image',
    ]);
    const { stdout } = await promisify(execFile)('bash', ['-c', curl], { cwd: path.dirname(digit) });
    expect(stdout.split('"predictions"')).toHaveLength(3);
  });

  it('compares nothing until it is asked to, and never a version with itself', async () => {
    const { page } = await open();
    await page.locator('#files').setInputFiles(digit);
    await page.getByRole('article').getByRole('listitem').first().waitFor();
    expect(await page.getByRole('article').getByRole('table').count()).toBe(0);
    const compare = page.getByLabel('Compare with');
    expect(await compare.locator('option').allTextContents()).toEqual(['no other version', 'version 2', 'version 1']);
    await page.getByLabel('Version', { exact: true }).selectOption('2');
    expect(await compare.locator('option').allTextContents()).toEqual(['no other version', 'version 3', 'version 1']);
  });

  it('offers heat maps where both versions have them', async () => {
    const { page } = await open('?version=1');
    const heatmaps = page.getByLabel('Show where the class was seen');
    await heatmaps.waitFor();
    await page.getByLabel('Compare with').selectOption('version 2');
    await heatmaps.waitFor({ state: 'hidden' });
    await page.getByLabel('Compare with').selectOption('version 3');
    await heatmaps.waitFor();
  });

  it('says which version gave no answer', async () => {
    const { page } = await open('?version=1&compare=2');
    await page.route('**/versions/2:classify-image', (route) =>
      route.fulfill({ status: 503, body: '{"error":"It is gone."}' }),
    );
    await page.locator('#files').setInputFiles(digit);
    await page.getByRole('article').getByText('version 2: It is gone.').waitFor();
  });

  it.each(['light', 'dark'] as const)('has enough contrast and room in a comparison: %s', async (colorScheme) => {
    const { page } = await watchPage(browser, `http://127.0.0.1:${server.restPort}/?compare=1`, {
      colorScheme,
      viewport: { width: 320, height: 640 },
    });
    await page.locator('#files').setInputFiles(digit);
    await page.getByRole('article').getByRole('table').waitFor();
    expect((await textContrasts(page))[0]?.ratio).toBeGreaterThanOrEqual(4.5);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});
