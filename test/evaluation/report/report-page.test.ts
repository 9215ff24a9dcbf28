import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Browser, BrowserContextOptions } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { ClassificationMetrics } from '../../../src/evaluation/classification-metrics.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import { writeReport } from '../../../src/evaluation/report/write-report.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { hostileNames } from './hostile-names.js';
import { fileNames, madeUpEmbeddings, madeUpReport } from './made-up-report.js';
import { launchChromium } from '../../helpers/page/launch-chromium.js';
import { openWatched } from '../../helpers/page/page-in-chromium.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { textContrasts } from '../../helpers/page/text-contrast.js';

const pets = { classNames: ['cat', 'dog', 'bird'], images: ['a/1.png', 'a/2.png'] };

describe('writeReport', () => {
  it('writes a page and its pictures, and leaves other files alone', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.txt'), 'mine');
    const content = await madeUpReport(folder, pets);
    const { page } = await writeReport(path.join(folder, 'new', 'report'), content);
    await writeReport(path.dirname(page), content);
    expect(page).toBe(path.join(folder, 'new', 'report', 'report.html'));
    expect((await readdir(path.dirname(page))).toSorted()).toEqual([
      ...['confusion-matrix.png', 'confusion-matrix.svg', 'report.html'],
      ...['training-curves.png', 'training-curves.svg'],
    ]);
    expect(await readFile(path.join(folder, 'notes.txt'), 'utf8')).toBe('mine');
    for (const name of ['confusion-matrix', 'training-curves']) {
      const [svg, png] = await Promise.all(
        ['svg', 'png'].map((ending) => sharp(path.join(path.dirname(page), `${name}.${ending}`)).metadata()),
      );
      expect([png?.width, png?.height]).toEqual([2 * (svg?.width ?? 0), 2 * (svg?.height ?? 0)]);
    }
  });

  it('tells of no training where there was none', async () => {
    const folder = await temporaryFolder();
    const { page } = await writeReport(folder, { ...(await madeUpReport(folder, pets)), training: null });
    expect(await readFile(page, 'utf8')).not.toContain('training-curves');
    expect(await readdir(folder)).not.toContain('training-curves.svg');
  });

  it('has the numbers of a single epoch in a table, and no curves', async () => {
    const folder = await temporaryFolder();
    const training = { history: parseHistory('epoch,loss,val_loss\n0,0.25,0.5\n'), bestEpoch: 1 };
    const { page } = await writeReport(folder, { ...(await madeUpReport(folder, pets)), training });
    const html = await readFile(page, 'utf8');
    expect(html).toContain('<h2 id="training">Training</h2>');
    expect(html.replaceAll(/<[^>]+>|\s+/g, ' ')).toMatch(/epoch +loss +val_loss +1 +0\.2500 +0\.5000/);
    expect(html).not.toContain('Numbers of each epoch');
    expect(await readdir(folder)).not.toContain('training-curves.svg');
  });

  it('needs only a title, a result and mistakes, and takes the history that fit returns', async () => {
    const folder = await temporaryFolder();
    const { title, result, mistakes, training } = await madeUpReport(folder, pets);
    const { page } = await writeReport(path.join(folder, 'least'), { title, result, mistakes });
    const least = await readFile(page, 'utf8');
    expect(least).toContain('<h2 id="mistakes">');
    for (const left of ['The same again', 'Images left out', 'training-curves']) expect(least).not.toContain(left);

    const columns = new Map(training && 'columns' in training.history ? training.history.columns : []);
    const epoch = Array.from({ length: 12 }, (_, i) => i);
    const recorded = Object.assign(new tf.History(), { epoch, history: Object.fromEntries(columns) });
    const { page: second } = await writeReport(path.join(folder, 'history'), {
      title,
      result,
      mistakes,
      training: { history: recorded },
    });
    const curves = (file: string) => readFile(path.join(path.dirname(file), 'training-curves.svg'), 'utf8');
    const { page: third } = await writeReport(path.join(folder, 'csv'), {
      title,
      result,
      mistakes,
      training: { history: training?.history ?? recorded },
    });
    expect(await curves(second)).toBe(await curves(third));
    expect(await readFile(second, 'utf8')).toContain('What was logged after each epoch<');
  });

  it('says where it cannot write', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'report'), 'a file');
    const content = await madeUpReport(folder, pets);
    await expect(writeReport(path.join(folder, 'report'), content)).rejects.toMatchObject({
      code: 'CANNOT_WRITE',
      message: expect.stringContaining(path.join(folder, 'report')) as string,
    });
  });
});

describe('the page of a report', () => {
  let folder: string;
  let browser: Browser;
  /** Of hostile names only. */
  let hostile: string;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    const content = await madeUpReport(folder, { classNames: hostileNames, images: fileNames(hostileNames) });
    const embeddings = madeUpEmbeddings(content.mistakes.map(({ image }) => image), hostileNames.length); // prettier-ignore
    hostile = (await writeReport(path.join(folder, 'hostile'), { ...content, embeddings })).page;
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  async function open(file: string, options?: BrowserContextOptions) {
    const watched = await openWatched(browser, String(pathToFileURL(file)), options);
    await watched.page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
    return watched;
  }

  it('keeps names text, asks for nothing, and complains of nothing', async () => {
    const { page, errors, origins } = await open(hostile);
    expect(await page.title()).toMatch(/^<img src=x onerror="document\.title=/);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/^<img src=x onerror=/);
    const elements = await page.evaluate<string[]>(
      `[...new Set([...document.querySelectorAll('body *')].map((one) => one.localName))].toSorted()`,
    );
    expect(elements.join(' ')).toMatchInlineSnapshot(
      `"a bdi caption circle code dd details div dl dt figcaption figure footer foreignObject g h1 h2 header image img input label li main nav p path pre rect section span strong summary svg table tbody td text th thead time title tr ul wbr"`,
    );
    const attributes = `[...document.querySelectorAll('*')].flatMap((one) => one.getAttributeNames()).filter((name) => /^(on|style)/.test(name))`;
    expect(await page.evaluate(attributes)).toEqual([]);
    const pictures = `[...document.images].map((one) => one.naturalWidth > 0 && one.src.startsWith('data:image/'))`;
    expect(new Set(await page.evaluate<boolean[]>(pictures))).toEqual(new Set([true]));
    expect([...origins]).toEqual(['null']);
    expect(errors).toEqual([]);
  });

  it('shows each class under its name', async () => {
    const { page } = await open(hostile);
    const names = await page.getByRole('region', { name: 'All classes' }).getByRole('rowheader').allTextContents();
    expect(names).toHaveLength(hostileNames.length + 2);
    expect(names[1]).toBe(`</title></style></svg><script>document.title='broken in'</s…`);
    expect(names[7]).toBe(String.raw`two\nlines\r\tand a tab`);
    expect(names).toContain('قطة');
  });

  it('shows the image of a mark that is pointed at, or reached by the keyboard', async () => {
    const { page } = await open(hostile);
    const shown = async () => (await page.locator('.card:visible').allTextContents()).join('; ');
    expect(await shown()).toBe('');
    await page.getByRole('radio', { name: hostileNames[1]?.slice(0, 30) ?? '' }).hover();
    expect(await shown()).toMatchInlineSnapshot(
      `"</title></style></svg><script>docum…taken for " onload="document.title=…1 <title><style><svg><script>docume…"`,
    );
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.point:hover image')).display`)).toBe(
      'inline',
    );
    await page.mouse.move(0, 0);
    expect(await shown()).toBe('');
    // The mistake is drawn last, on top, and so the button before the first one.
    await page.getByLabel('no image is open').press('ArrowUp');
    expect(await shown()).toContain('taken for');
    await page.getByLabel('no image is open').check();
    expect(await shown()).toBe('');
  });

  it('may not run or load anything, whatever gets into it', async () => {
    const { page } = await open(hostile);
    const refused = (action: string) => `new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
      ${action}
    })`;
    const image = `new Image().src = 'http://127.0.0.1:9/x.png';`;
    const style = `document.body.setAttribute('style', 'color: red');`;
    const script = `document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }));`;
    const request = `void fetch('http://127.0.0.1:9/').catch(() => undefined);`;
    expect(await page.evaluate(refused(image))).toBe('img-src');
    expect(await page.evaluate(refused(style))).toBe('style-src-attr');
    expect(await page.evaluate(refused(script))).toBe('script-src-elem');
    expect(await page.evaluate(refused(request))).toBe('connect-src');
  });

  it.each([320, 390, 1280])('at a width of %d pixels nothing is beside the screen', async (width) => {
    const { page } = await open(hostile, { viewport: { width, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it.each(['light', 'dark'] as const)('text stands out from its background, %s', async (colorScheme) => {
    const { page } = await open(hostile, { colorScheme });
    const contrasts = await textContrasts(page);
    expect(contrasts.length).toBeGreaterThan(100);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
  });

  it('has pictures in the colours of its scheme, and is light on paper', async () => {
    const { page } = await open(hostile, { colorScheme: 'dark' });
    const look = `['body', '.right', '.line-first', '.count'].map((one) => {
      const { backgroundColor, fill, stroke } = getComputedStyle(document.querySelector(one));
      return [backgroundColor, fill, stroke].find((color) => !['rgba(0, 0, 0, 0)', 'none'].includes(color));
    })`;
    const dark = await page.evaluate<string[]>(look);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await page.evaluate<string[]>(look);
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' });
    const [, ...printed] = await page.evaluate<string[]>(look);
    expect(dark.filter((color, i) => color === light[i])).toEqual([]);
    expect(printed).toEqual(light.slice(1));
  });

  it('has headings one level at a time, captions, and words for pictures', async () => {
    const { page } = await open(hostile);
    const levels = '[...document.querySelectorAll("h1, h2, h3, h4")].map((one) => one.localName)';
    expect(await page.evaluate(levels)).toEqual(['h1', ...Array<string>(8).fill('h2')]);
    const nameless = `[...document.querySelectorAll('table')].filter((one) => !one.caption?.textContent).length +
      [...document.images].filter((one) => !one.alt).length +
      [...document.querySelectorAll('svg')].filter((one) => !['img', 'group'].includes(one.role) || !one.ariaLabel).length`;
    expect(await page.evaluate(nameless)).toBe(0);
    const targets = '[...document.querySelectorAll("nav a")].every((one) => document.querySelector(one.hash))';
    expect(await page.evaluate(targets)).toBe(true);
  });

  it('can be read with 1000 classes, and stays small', async () => {
    const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    const content = await madeUpReport(folder, { classNames, images: ['x.png'] });
    const { page: file } = await writeReport(path.join(folder, 'thousand'), content);
    expect((await stat(file)).size).toBeLessThan(600_000);
    const { page } = await openWatched(browser, String(pathToFileURL(file)));
    const rows = '[...document.querySelectorAll("tbody tr")].filter((one) => one.checkVisibility()).length';
    expect(await page.evaluate(rows)).toBeLessThan(60);
    await page.locator('summary').getByText('All 1000 classes', { exact: true }).click();
    expect(await page.evaluate(rows)).toBeGreaterThan(1000);
  });

  it('says so when there was no image and no mistake', async () => {
    const empty = { ...(await madeUpReport(folder, pets)), mistakes: [], skippedList: '' };
    const result = new ClassificationMetrics(pets.classNames).result();
    const { page: file } = await writeReport(path.join(folder, 'empty'), { ...empty, result, loss: NaN });
    const { page, errors } = await open(file);
    await page.getByText('No image was evaluated.').waitFor();
    await page.getByText('No class was taken for another.').waitFor();
    await page.getByText('There are none.').waitFor();
    expect(await page.locator('body').innerText()).not.toContain('NaN');
    expect(errors).toEqual([]);
  });
});
