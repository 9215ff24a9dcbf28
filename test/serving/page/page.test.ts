import { execFile } from 'node:child_process';
import { copyFile, cp, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { readSignatures } from '../../../src/saved-model/read/read-saved-model.js';
import { startServer } from '../../../src/serving/start-server.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { watchPage } from '../../helpers/page/page-in-chromium.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { servedPage } from '../../helpers/page/served-page.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const digits = ['0/0010.png', '3/0083.png', '7/0043.png'].map((name) => path.resolve('data/digits/test', name));
const digitNames = digits.map((file) => path.basename(file));
/** Markup, for whoever takes a name for that; and longer than its place. */
const hostile = `<img src=x onerror="document.title='broken in'"> ${'coonhound, '.repeat(20)}`;
const classNames = [hostile, ...Array.from({ length: 11 }, (_, i) => `class ${i}`)];

describe('the page', () => {
  const served = servedPage(async (folder) => {
    const model = new LenetModel({ classNames, seed: 1 });
    await model.save(path.join(folder, 'Lenet', '1'));
    model.dispose();
    await saveScale(path.join(folder, 'Scale'), 1);
    const several = new LenetModel({ classNames: ['cat', 'dog', 'indoors'], multiLabel: true, seed: 1 });
    // Whatever the picture is, it has the first and the last.
    several.thresholds?.assign(tf.tensor1d([0.001, 0.999, 0.001]));
    await several.save(path.join(folder, 'Several', '1'));
    several.dispose();
  });

  const url = (rest = '') => served().url + rest;
  const open = (rest?: string) => watchPage(served().browser, url(rest));

  describe('pictures', () => {
    it('are answered in their order when they are dropped, and go nowhere else', async () => {
      const { page, errors, origins } = await open();
      await page.locator('#drop').drop({ files: digits });
      await answered(page, 3);
      expect(await page.getByRole('article').getByRole('heading').allTextContents()).toEqual(digitNames);
      for (const answer of await page.getByRole('article').all()) {
        expect(await answer.getByRole('listitem').count()).toBe(5);
        expect(await answer.locator('.time').textContent()).toMatch(/^Lenet · \d+\.\d ms round trip$/);
      }
      expect(await page.getByRole('status').textContent()).toMatch(/^0010\.png: .+\. 0083\.png: .+\. 0043\.png: .+\.$/);
      expect([...origins]).toEqual([url().slice(0, -1)]);
      expect(errors).toEqual([]);
    });

    it('may have several classes, each with its threshold', async () => {
      const { page } = await open('?model=Several');
      await page.locator('#files').setInputFiles(digits.slice(0, 1));
      await answered(page, 1);
      const items = await page.getByRole('article').getByRole('listitem').allTextContents();
      expect(items.map((text) => text.split(' ').slice(0, -2).join(' ').trim()).sort()).toEqual(['dog', '✓ cat', '✓ indoors']); // prettier-ignore
      expect(await page.locator('.classes .threshold').count()).toBe(3);
      const said = await page.getByRole('status').textContent();
      expect(said).toMatch(/^0010\.png: (?:cat|indoors), [\d.]+ %; (?:cat|indoors), [\d.]+ %\.$/);
    });

    it('are chosen with the keyboard', async () => {
      const { page } = await open();
      // Before the keys: the browser begins to tell of choosers some time after it was asked to.
      const chooser = page.waitForEvent('filechooser');
      for (let tabs = 0; tabs < 3; tabs += 1) await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await (await chooser).setFiles(digits);
      await answered(page, 3);
    });

    it('are pasted', async () => {
      const { page } = await open();
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.evaluate(`(async () => {
        const canvas = new OffscreenCanvas(28, 28);
        canvas.getContext('2d').fillRect(0, 0, 28, 28);
        await navigator.clipboard.write([new ClipboardItem({ 'image/png': canvas.convertToBlob() })]);
      })()`);
      await page.keyboard.press('ControlOrMeta+v');
      await page.getByRole('article', { name: 'image.png' }).getByRole('listitem').first().waitFor();
    });

    it('that are none are told, and the others answered', async () => {
      const { page } = await open();
      await page.locator('#files').setInputFiles([path.resolve('package.json'), ...digits.slice(0, 1)]);
      await answered(page, 1);
      const error = page.getByRole('article', { name: 'package.json' });
      expect(await error.innerText()).toContain(
        'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text.',
      );
      expect(await page.getByRole('status').textContent()).toContain('package.json: Expected a JPEG');
    });

    it('come with the line for curl that gives the same', async () => {
      const { page } = await open();
      const name = `it's "1;2".png`;
      const cwd = await temporaryFolder();
      await copyFile(digits[0] ?? '', path.join(cwd, name));
      await page.getByLabel('Classes shown').fill('9');
      await page.locator('#files').setInputFiles(path.join(cwd, name));
      await answered(page, 1);
      const answer = page.getByRole('article', { name });
      const shown = await answer.getByRole('listitem').locator('.name').allTextContents();
      const { stdout } = await promisify(execFile)('bash', ['-c', (await answer.locator('code').textContent()) ?? ''], {
        cwd,
      });
      const { predictions } = JSON.parse(stdout) as { predictions: { file: string; classes: { name: string }[] }[] };
      // So browsers and curl write it in a form.
      expect(predictions[0]?.file).toBe(name.replaceAll('"', '%22'));
      expect(predictions[0]?.classes.map((each) => each.name)).toEqual(shown);
      expect(shown).toHaveLength(9);
    });

    it('are answered by names that stay text, however long', async () => {
      const { page } = await open();
      await page.getByLabel('Classes shown').fill('12');
      await page.locator('#files').setInputFiles(digits.slice(0, 1));
      await answered(page, 1);
      const names = await page.getByRole('listitem').locator('.name').allTextContents();
      expect(names.toSorted()).toEqual(classNames.toSorted());
      expect(await page.title()).toBe('Lenet · Signet');
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    });
  });

  describe('models', () => {
    it('tell the signatures that the SavedModel has', async () => {
      const { page } = await open();
      await page.getByRole('rowgroup').filter({ hasText: 'serving_classify' }).waitFor();
      const rows = await page.locator('#signature-table tbody tr').filter({ hasNotText: 'curl' }).allInnerTexts();
      const expected = Object.entries(await readSignatures(path.join(served().folder, 'Lenet', '1'))).flatMap(
        ([key, { inputs, outputs, method }]) => [
          `${key} ${method.replace('tensorflow/serving/', '')}`,
          ...Object.entries(inputs).map(([name, { spec, tensor }]) => ['in', name, spec, tensor].join('\t')),
          ...Object.entries(outputs).map(([name, { spec, tensor }]) => ['out', name, spec, tensor].join('\t')),
        ],
      );
      expect(rows).toEqual(expected);
      expect(expected).toHaveLength(24);
    });

    it('come with a line for curl for each signature', async () => {
      const { page } = await open('?model=Scale');
      const group = page.getByRole('rowgroup').filter({ hasText: 'serving_default' });
      await group.getByText('Call it with curl').click();
      const curl = await group.locator('pre').innerText();
      expect(curl).toContain(url('v1/models/Scale:predict'));
      const { stdout } = await promisify(execFile)('bash', ['-c', curl]);
      expect(JSON.parse(stdout)).toEqual({ predictions: [{ y: [0.5], twice: [1] }] });
    });

    it('that take no pictures are asked for none', async () => {
      const { page } = await open();
      await page.getByText(/^Lenet knows 12 classes: .*, class 10\.$/).waitFor();
      await page.getByRole('radio', { name: 'Scale' }).check();
      await page.getByText('Scale takes no picture files; it can be called by its signatures, below.').waitFor();
      expect(await page.getByText('Choose pictures').isVisible()).toBe(false);
      // The choice is in the address.
      await page.reload();
      await page.getByText('Scale takes no picture files').waitFor();
      expect(await page.getByText('Lenet knows').isVisible()).toBe(false);
      // With the keyboard too.
      await page.getByRole('radio', { name: 'Scale' }).press('ArrowLeft');
      await page.getByText('Choose pictures').waitFor();
    });

    it('get new versions without a reload', async () => {
      const { page } = await open();
      const version = page.getByLabel('Version', { exact: true });
      await version.getByText('latest (1)').waitFor({ state: 'attached' });
      const { folder } = served();
      await cp(path.join(folder, 'Lenet', '1'), path.join(folder, '.new'), { recursive: true });
      await rename(path.join(folder, '.new'), path.join(folder, 'Lenet', '2'));
      await version.getByText('latest (2)').waitFor({ state: 'attached' });
      expect(await page.getByRole('status').textContent()).toBe('Lenet version 2 answers now.');
      await page.getByRole('row', { name: 'Lenet 2 available' }).waitFor();
    });
  });

  it('says that the server cannot be reached, and that it can again', async () => {
    const { page } = await open();
    await page.getByText('Choose pictures').waitFor();
    await page.context().setOffline(true);
    await page.locator('#files').setInputFiles(digits.slice(0, 1));
    await page.getByRole('article').getByText('The server cannot be reached.').waitFor();
    const alert = page.getByRole('alert').filter({ hasText: 'Trying again every few seconds.' });
    await alert.waitFor();
    await page.context().setOffline(false);
    await alert.waitFor({ state: 'hidden' });
  });

  it('cannot be made to ask another host', async () => {
    const { page } = await open();
    const refused = `new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      void fetch('http://localhost:${served().restPort}/healthz').catch(() => undefined);
    })`;
    expect(await page.evaluate(refused)).toBe('connect-src');
  });

  it('asks for the token, keeps it in the tab, and shows it to nobody', async () => {
    const token = 'only-for-this-test';
    const options = {
      models: [{ name: 'Lenet', basePath: path.join(served().folder, 'Lenet') }],
      restPort: 0,
      grpcPort: 0,
    };
    const guarded = await startServer({ ...options, token }, '0.0.0');
    onTestFinished(() => guarded.drain());
    const { page } = await watchPage(served().browser, `http://127.0.0.1:${guarded.restPort}/`);
    const field = page.getByLabel('Token', { exact: true });
    await field.fill('something-else');
    await field.press('Enter');
    await page.getByRole('alert').getByText('The server does not take this token.').waitFor();
    await field.fill(token);
    await field.press('Enter');
    await page.locator('#files').setInputFiles(digits.slice(0, 1));
    await answered(page, 1);
    const curl = (await page.getByRole('article').locator('code').textContent()) ?? '';
    expect(curl).toContain('-H "Authorization: Bearer $SIGNET_TOKEN"');
    expect(await page.content()).not.toContain(token);
    const env = { ...process.env, SIGNET_TOKEN: token };
    const { stdout } = await promisify(execFile)('bash', ['-c', curl], { cwd: path.dirname(digits[0] ?? ''), env });
    expect(stdout).toContain('"predictions"');
    await page.reload();
    await page.getByText('Choose pictures').waitFor();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await field.waitFor();
  });
});

/** Settles when so many pictures have their classes. */
async function answered(page: Page, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const answers = page.getByRole('article').filter({ has: page.getByRole('listitem') });
    await answers.nth(i).waitFor();
  }
}
