import path from 'node:path';

import type { BrowserContextOptions, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { digitStrokes } from './digit-strokes.js';
import { drawWithFinger, drawWithMouse } from '../../helpers/page/page-in-chromium.js';
import { servedPage } from '../../helpers/page/served-page.js';
import { trainDigits } from '../../helpers/training/train-digits.js';

describe('drawing on the page', () => {
  const served = servedPage(async (folder) => {
    const model = await trainDigits(6);
    await model.save(path.join(folder, 'Digits', '1'));
    model.dispose();
  });

  const open = (options?: BrowserContextOptions) => served().open(options);
  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

  it('is recognized wherever and however large it is drawn', async () => {
    const { page, errors } = await open();
    for (const [i, [name, strokes]] of Object.entries(digitStrokes).entries()) {
      await drawWithMouse(page, strokes, { at: [0.05 * Number(name), 0.1], size: 0.5 });
      await button(page, 'Ask').click();
      expect(await bestOf(page.getByRole('article', { name: `drawing-${i + 1}.png` }))).toBe(name);
      await button(page, 'Clear').click();
    }
    expect(await page.getByRole('article').count()).toBe(Object.keys(digitStrokes).length);
    expect(errors).toEqual([]);
  });

  it('works with a finger, which may tap at once after a swift stroke', async () => {
    const { page } = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await drawWithFinger(page, digitStrokes[5] ?? []);
    await button(page, 'Ask').tap();
    const answer = page.getByRole('article', { name: 'drawing-1.png' });
    expect(await bestOf(answer)).toBe('5');
    // The answer is below the drawing area, and comes into sight.
    await expect.poll(async () => (await answer.boundingBox())?.y).toBeLessThan(744);
  });

  it('works with the keyboard, told to a screen reader', async () => {
    const { page } = await open();
    await page.getByRole('application', { name: 'Drawing area' }).focus();
    const status = page.getByRole('status');
    for (const [key, told] of [
      ['Shift+ArrowUp', 'column 14, row 10'],
      ['Shift+ArrowUp', 'column 14, row 6'],
      [' ', 'pen down'],
      ...[10, 14, 18, 22].map((row) => ['Shift+ArrowDown', `column 14, row ${row}`]),
      [' ', 'pen up'],
      ['ArrowRight', 'column 15, row 22'],
    ] as const) {
      await page.keyboard.press(key);
      expect(await status.textContent()).toBe(told);
    }
    await page.keyboard.press('Enter');
    expect(await bestOf(page.getByRole('article', { name: 'drawing-1.png' }))).toBe('1');
    expect(await status.textContent()).toMatch(/^drawing-1\.png: 1, \d+\.\d %\.$/);
  });

  // A short line high on the left: from a tenth to the half of the side, with a pen of a tenth.
  it.each([
    ['filling the picture, as the bundled digits', { top: 0, bottom: 28, middle: 14 }],
    ['in the middle, as MNIST’s digits', { top: 4, bottom: 24, middle: 14 }],
    ['as it is drawn', { top: 1.4, bottom: 15.4, middle: 5.6 }],
  ])('is sent 28 by 28, white on black, %s', async (place, expected) => {
    const { page } = await open();
    await page.getByText('How it is sent').click();
    await page.getByLabel('Place').selectOption(place);
    await drawWithMouse(page, [
      [
        [0.2, 0.1],
        [0.2, 0.5],
      ],
    ]);
    await button(page, 'Ask').click();
    const { width, height, ink } = await readInk(await savedPicture(page));
    expect([width, height]).toEqual([28, 28]);
    for (const side of ['top', 'bottom', 'middle'] as const) {
      expect(Math.abs(ink[side] - expected[side]), `${side}: ${ink[side]}`).toBeLessThanOrEqual(1);
    }
  });

  it('is not sent before there is one, nor when it was undone', async () => {
    const { page } = await open();
    await button(page, 'Ask').click();
    await page.locator('#drawing-hint', { hasText: 'Nothing is drawn yet.' }).waitFor();
    await drawWithMouse(page, digitStrokes[7] ?? []);
    for (let stroke = 0; stroke < 2; stroke += 1) await button(page, 'Undo').click();
    await button(page, 'Ask').click();
    expect(await page.getByRole('article').count()).toBe(0);
  });
});

/** The name of the first class, when there is one. */
async function bestOf(answer: Locator): Promise<string | null> {
  return answer.getByRole('listitem').first().locator('.name').textContent();
}

async function savedPicture(page: Page): Promise<string> {
  const answer = page.getByRole('article').first();
  await answer.getByText('The same with curl').click();
  const download = page.waitForEvent('download');
  await answer.getByRole('link', { name: 'Save the picture' }).click();
  return (await download).path();
}

/** Where the ink begins and ends from above, and its middle from the left, in pixels. */
async function readInk(file: string) {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const colored = data.some((value, i) => i % channels < 3 && value !== data[i - (i % channels)]);
  expect(colored).toBe(false);
  const white = Array.from({ length: width * height }, (_, i) => i).filter((i) => (data[i * channels] ?? 0) > 127);
  const rows = white.map((i) => Math.floor(i / width));
  const middle = white.reduce((sum, i) => sum + (i % width) + 0.5, 0) / white.length;
  return { width, height, ink: { top: Math.min(...rows), bottom: Math.max(...rows) + 1, middle } };
}
