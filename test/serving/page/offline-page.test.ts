import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import glob from 'fast-glob';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { exportModel } from '../../../src/commands/export-model/run.js';
import { predictImage } from '../../../src/commands/predict-image/run.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { exifSegment, tiffWith, withSegments } from '../../helpers/data/exif-files.js';
import { bmpClaiming, pngClaiming } from '../../helpers/data/hostile-images.js';
import { launchChromium, withGraphics } from '../../helpers/page/launch-chromium.js';
import { drawWithMouse, openWatched, type WatchedPage } from '../../helpers/page/page-in-chromium.js';
import { textContrasts } from '../../helpers/page/text-contrast.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import { trainDigits } from '../../helpers/training/train-digits.js';
import { digitStrokes } from './digit-strokes.js';

const digits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `data/digits/test/${digit}`);
const [photograph = ''] = glob.sync('data/clothing/**/*.jpg').sort();
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

describe('the page that needs no server', () => {
  let folder: string;
  let modelPath: string;
  let page: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    modelPath = path.join(folder, 'Digits', '1');
    const model = await trainDigits(2);
    await model.save(modelPath);
    model.dispose();
    const result = await exportModel({ modelPath, format: ['tfjs'], page: true, output: path.join(folder, 'web') });
    page = result.page ?? '';
    browser = await launchChromium([...withGraphics, ...camera]);
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  /** Opens a folder's page as a double click does, without a network. */
  async function open(from = page, options: BrowserContextOptions = {}): Promise<WatchedPage> {
    const watched = await openWatched(browser, pathToFileURL(path.join(from, 'index.html')).href, {
      offline: true,
      ...options,
    });
    await watched.page.locator('#workplace:visible, #problem:visible').first().waitFor();
    return watched;
  }

  it('classifies digits and pictures of every format as the server does', async () => {
    const files = await picturesOfAllKinds(folder);
    const { page: opened, errors, origins } = await open();
    await opened.getByLabel('Classes shown').fill('10');
    await opened.locator('#files').setInputFiles(files);
    const { images } = await predictImage({ files, modelPath, topK: 10 });
    const differences = await Promise.all(images.map(async (image) => {
      if (!('labels' in image)) throw new Error(image.error);
      const answer = await answerOf(opened, path.basename(image.file));
      expect([image.file, answer[0]?.name]).toEqual([image.file, image.labels[0]?.name]);
      return Math.max(...image.labels.map(({ name, probability }) => Math.abs(probability - (answer.find((each) => each.name === name)?.probability ?? NaN))));
    })); // prettier-ignore
    // PNG and GIF are the same bytes everywhere; another version of libjpeg may differ by a step of 255.
    const isJpeg = (_: number, i: number) => path.extname(files[i] ?? '') === '.jpg';
    expect(Math.max(...differences.filter((each, i) => !isJpeg(each, i)))).toBeLessThan(1e-5);
    expect(Math.max(...differences.filter(isJpeg))).toBeLessThan(0.02);
    expect([...origins]).toEqual(['null']);
    // Chromium's remark about a graphics card that is none.
    expect(errors.filter((each) => !each.includes('GL Driver Message'))).toEqual([]);
  });

  it('computes the same with every backend', async () => {
    const { page: opened } = await open();
    const select = opened.getByLabel('Computes with');
    const backends = await select.locator('option').allTextContents();
    expect(backends).toEqual(['WebAssembly', 'WebGL', 'WebGPU', 'JavaScript']);
    const answers: Answer[][] = [];
    for (const backend of backends) {
      await select.selectOption(backend);
      await opened.locator('#loading').waitFor({ state: 'hidden' });
      await opened.locator('#files').setInputFiles('data/digits/test/7/0043.png');
      await opened.getByText(`ms in ${backend}, read in`).waitFor();
      answers.push(await answerOf(opened, '0043.png'));
    }
    for (const answer of answers) {
      answer.forEach(({ probability }, i) => expect(Math.abs(probability - (answers[0]?.[i]?.probability ?? NaN))).toBeLessThan(1e-4)); // prettier-ignore
    }
    expect(await opened.locator('#problem').isVisible()).toBe(false);
  });

  it('takes drawings, what the camera sees, and what is pasted', async () => {
    const { page: opened } = await open();
    await drawWithMouse(opened, digitStrokes[1] ?? []);
    await opened.getByRole('button', { name: 'Ask', exact: true }).click();
    await answerOf(opened, 'drawing-1.png');
    await opened.getByRole('button', { name: 'Use the camera' }).click();
    await expect.poll(() => opened.evaluate('document.querySelector("video").videoWidth')).toBeGreaterThan(0);
    expect(await opened.evaluate('document.activeElement.id')).toBe('take-picture');
    await opened.keyboard.press('Enter');
    await answerOf(opened, 'photo-1.png');
    await opened.getByRole('button', { name: 'Close the camera' }).click();
    expect(await opened.evaluate('document.querySelector("video").srcObject')).toBe(null);
    await opened.evaluate(`(() => {
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([new Uint8Array()], 'pasted.png'));
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
    })()`);
    await opened.getByRole('article', { name: 'pasted.png' }).getByText('The file is empty.').waitFor();
  });

  it('refuses what is not a picture, damaged, or too large, and says why', async () => {
    const { page: opened } = await open();
    const png = await readFile('data/digits/test/7/0043.png');
    const files = {
      'notes.txt': 'not a picture',
      'paper.pdf': '%PDF-1.7\n',
      'drawing.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
      'archive.zip': Buffer.from('PK\x03\x04zip'),
      'empty.png': '',
      'cut.png': png.subarray(0, 40),
      'bomb.png': await pngClaiming(30_000, 30_000),
      'huge.png': await pngClaiming(8000, 8000),
      'bomb.bmp': bmpClaiming(30_000, 30_000),
      'scan.tiff': await sharp({ create: { width: 9, height: 9, channels: 3, background: 'red' } })
        .tiff()
        .toBuffer(),
    };
    await opened.locator('#files').setInputFiles(
      Object.entries(files).map(([name, content]) => ({ name, mimeType: '', buffer: Buffer.from(content) })),
    ); // prettier-ignore
    await opened.getByRole('status').getByText('pictures are answered').waitFor();
    const said = await opened.getByRole('article').evaluateAll((all) => (all as { innerText: string }[]).map(({ innerText }) => innerText.split(/\n+/))); // prettier-ignore
    expect(Object.fromEntries(said.map((lines) => [lines.find((line) => line in files), lines.at(-1)])))
      .toMatchInlineSnapshot(`
      {
        "archive.zip": "Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: a ZIP archive.",
        "bomb.bmp": "The BMP picture is damaged, or of a kind that this browser does not show.",
        "bomb.png": "The PNG picture is damaged, or of a kind that this browser does not show.",
        "cut.png": "The PNG picture is damaged, or of a kind that this browser does not show.",
        "drawing.svg": "Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: SVG.",
        "empty.png": "The file is empty.",
        "huge.png": "The picture has 8000 × 8000 pixels. At most 50 million are read: make it smaller first.",
        "notes.txt": "Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: text.",
        "paper.pdf": "Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: PDF.",
        "scan.tiff": "This browser does not show TIFF pictures. Save it as JPEG or PNG.",
      }
    `);
    // It is still there for others.
    await opened.locator('#files').setInputFiles('data/digits/test/7/0043.png');
    await answerOf(opened, '0043.png');
  });

  it('says what to do when one of its files is missing, or another one', async () => {
    const copy = path.join(await temporaryFolder(), 'page');
    await cp(page, copy, { recursive: true });
    await rm(path.join(copy, 'model', 'weights-1.js'));
    const { page: opened } = await open(copy);
    expect(await opened.getByRole('alert').first().textContent()).toMatchInlineSnapshot(
      `"model/weights-1.js cannot be loaded. Keep index.html together with all files of its folder."`,
    );
    await writeFile(path.join(copy, 'model', 'weights-1.js'), 'signetPart("weights-1", "AAAA");');
    const { page: again } = await open(copy);
    expect(await again.getByRole('alert').first().textContent()).toMatchInlineSnapshot(
      `"The model's files do not belong together: 3 of 441624 bytes are there. Copy the whole folder again."`,
    );
  });

  it('works from any web server, and asks no other one', async () => {
    const { page: opened, errors, origins } = await openWatched(browser, await serveFolder(page));
    await opened.locator('#files').setInputFiles('data/digits/test/3/0083.png');
    expect((await answerOf(opened, '0083.png'))[0]?.name).toMatch(/^\d$/);
    expect(origins.size).toBe(1);
    expect(errors).toEqual([]);
    const refused = `fetch('https://example.com').then(String, String)`;
    expect(await opened.evaluate(refused)).toContain('Failed to fetch');
  });

  it.each([
    ['turned.jpg', { resize: 'crop', exif: 'ignore' }],
    ['large.jpg', { decode: 'reduced' }],
  ] as const)('turns, cuts, smooths and reduces pictures as its model does: %s, %j', async (name, own) => {
    const model = new LenetModel({ classNames: ['a', 'b', 'c'], seed: 1, ...own });
    const other = path.join(folder, `model for ${name}`, 'Other');
    await model.save(other);
    model.dispose();
    const result = await exportModel({
      modelPath: other,
      format: ['tfjs'],
      page: true,
      output: path.join(folder, `model for ${name}`, 'web'),
    });
    const { page: opened } = await open(result.page ?? '');
    const file = path.join(folder, name);
    if (name === 'large.jpg') await sharp(photograph).resize(640, 456, { fit: 'fill' }).toFile(file);
    await opened.locator('#files').setInputFiles(file);
    const [image] = (await predictImage({ files: [file], modelPath: other })).images;
    const answer = await answerOf(opened, name);
    for (const label of image && 'labels' in image ? image.labels : []) {
      const { name: className, probability } = label;
      expect(answer.find((each) => each.name === className)?.probability).toBeCloseTo(probability, 2);
    }
    expect(answer).toHaveLength(3);
  });

  describe('is accessible:', () => {
    async function openFull(options?: BrowserContextOptions): Promise<Page> {
      const { page: opened } = await open(page, options);
      await opened.locator('#files').setInputFiles(['data/digits/test/7/0043.png', 'package.json']);
      await opened.getByRole('status').getByText('Received: text.').waitFor();
      return opened;
    }

    it('everything has a role and a name', async () => {
      const opened = await openFull();
      expect(await opened.getByRole('banner').ariaSnapshot()).toMatchInlineSnapshot(`
        "- banner:
          - heading "Digits" [level=1]
          - paragraph:
            - text: Computes with
            - combobox "Computes with":
              - option "WebAssembly" [selected]
              - option "WebGL"
              - option "WebGPU"
              - option "JavaScript""
      `);
      expect(
        (await opened.getByRole('region', { name: 'Answers' }).ariaSnapshot()).replaceAll(/\d+\.\d (ms|%)/g, '0.0 $1'),
      ).toMatchInlineSnapshot(`
        "- region "Answers":
          - heading "Answers" [level=2]
          - paragraph:
            - button "Clear the answers"
          - article "0043.png":
            - heading "0043.png" [level=3]
            - paragraph: 0.0 ms in WebAssembly, read in 0.0 ms
            - list:
              - listitem: 7 0.0 %
              - listitem: 4 0.0 %
              - listitem: 9 0.0 %
              - listitem: 8 0.0 %
              - listitem: 3 0.0 %
          - article "package.json":
            - heading "package.json" [level=3]
            - paragraph: Digits
            - paragraph: "Expected a JPEG, PNG, GIF, BMP, WebP or AVIF image. Received: text.""
      `);
      expect(await opened.getByRole('status').last().textContent()).toMatch(
        /^0043\.png: .+ %\. package\.json: Expected a JPEG/,
      );
    });

    it('the tabulator key reaches everything that can be used', async () => {
      const opened = await openFull();
      await opened.evaluate(
        'document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex")',
      );
      const stops: string[] = [];
      for (let i = 0; i < 30; i += 1) {
        await opened.keyboard.press('Tab');
        const stop = await opened.evaluate<string>(
          'document.activeElement.id || document.activeElement.textContent.trim()',
        );
        if ((await opened.evaluate('document.activeElement === document.body')) === true) break;
        // How far the probabilities differ depends on the processor.
        stops.push(stop.replace(/at most [\d.e-]+$/, 'at most …'));
      }
      expect(stops).toMatchInlineSnapshot(`
        [
          "backend",
          "files",
          "use-camera",
          "Draw one",
          "canvas",
          "send",
          "undo",
          "clear",
          "How it is sent",
          "top-k",
          "clear-answers",
          "Version1ClassLenetModelPictures areturned upright by their EXIF, resized to 28 x 28Classes10: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9Checkedon 8 pictures of noise: 8 the same class as the SavedModel, probabilities differ by at most …",
        ]
      `);
    });

    it.each(['light', 'dark'] as const)('text stands out from its background, %s', async (colorScheme) => {
      const contrasts = await textContrasts(await openFull({ colorScheme }));
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
    });

    it('at a width of 320 pixels nothing is beside the screen', async () => {
      const opened = await openFull({ viewport: { width: 320, height: 800 } });
      expect(await opened.evaluate('document.documentElement.scrollWidth')).toBe(320);
    });
  });
});

interface Answer {
  readonly name: string;
  readonly probability: number;
}

/** The newest answer for a file, with the whole numbers. */
async function answerOf(page: Page, name: string): Promise<Answer[]> {
  const article = page.getByRole('article', { name, exact: true }).first();
  await article.getByRole('listitem').first().waitFor();
  return article
    .getByRole('listitem')
    .evaluateAll((items) =>
      (items as unknown as { querySelector: (selector: string) => { textContent: string; title: string } }[]).map(
        (item) => ({
          name: item.querySelector('.name').textContent,
          probability: Number(item.querySelector('.number').title),
        }),
      ),
    );
}

/** Digits, and pictures of every format that both the server and browsers know. */
async function picturesOfAllKinds(folder: string): Promise<string[]> {
  const some = digits.flatMap((each) => glob.sync(`${each}/*.png`).sort().slice(0, 3));
  const encoded = await encodedImages();
  const photo = await sharp({ create: { width: 1200, height: 800, channels: 3, background: '#345', noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
    .blur(12)
    .jpeg()
    .toBuffer(); // prettier-ignore
  const more = new Map<string, Uint8Array>([
    ...encoded.map((bytes, i) => [`encoded-${i}.${i === 1 || i === 5 ? 'jpg' : i === 2 ? 'gif' : 'png'}`, bytes] as const),
    ['turned.jpg', withSegments(photo, exifSegment(tiffWith(6)))],
    ['progressive.jpg', await sharp(photo).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()],
    ['transparent.png', await sharp(Buffer.from([200, 100, 50, 0, 10, 20, 30, 255, 1, 2, 3, 9, 250, 0, 250, 128]), { raw: { width: 2, height: 2, channels: 4 } }).png().toBuffer()],
  ]); // prettier-ignore
  for (const [name, bytes] of more) await writeFile(path.join(folder, name), bytes);
  return [...some, ...[...more.keys()].map((name) => path.join(folder, name))];
}

/** Serves a folder as any web server does, until the test is done. */
async function serveFolder(folder: string): Promise<string> {
  const types: Record<string, string> = {
    '.html': 'text/html',
    '.js': 'text/javascript',
    '.css': 'text/css',
    '.svg': 'image/svg+xml',
  };
  const server = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
    void readFile(path.join(folder, name)).then(
      (content) => response.setHeader('Content-Type', types[path.extname(name)] ?? '').end(content),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
