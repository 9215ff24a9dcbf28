import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';

/** A page, and the errors that a user's browser would report. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts and of the console, in order. */
  readonly errors: readonly string[];
  /** Origins of requests, such as `http://127.0.0.1:8501`, except for pictures that the page itself makes. */
  readonly origins: ReadonlySet<string>;
}

/** A point of the drawing area, as fractions of its side. */
export type Point = readonly [right: number, down: number];

/** Opens the server's page in a new context, watches it, and waits until it can be used. */
export async function watchPage(browser: Browser, url: string, options: BrowserContextOptions = {}) {
  const watched = await openWatched(browser, url, options);
  await watched.page.locator('#workplace:visible, #token-form:visible').waitFor();
  return watched;
}

/** Opens any address in a new context, and watches it. */
export async function openWatched(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url())) origins.add(new URL(request.url()).origin);
  });
  await page.goto(url);
  return { page, errors, origins };
}

/** Draws strokes with the mouse, in a part of the drawing area, given by its upper left corner and its size. */
export async function drawWithMouse(
  page: Page,
  strokes: readonly (readonly Point[])[],
  { at = [0, 0], size = 1 }: { readonly at?: Point; readonly size?: number } = {},
): Promise<void> {
  const place = await placeOn(page.locator('#canvas'));
  const on = ([right, down]: Point) => place([at[0] + right * size, at[1] + down * size]);
  for (const stroke of strokes) {
    for (const [i, point] of stroke.entries()) {
      const { x, y } = on(point);
      await page.mouse.move(x, y, { steps: i === 0 ? 1 : 2 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }
}

/** Draws strokes with a finger. */
export async function drawWithFinger(page: Page, strokes: readonly (readonly Point[])[]): Promise<void> {
  const place = await placeOn(page.locator('#canvas'));
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', point?: Point) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [place(point)] : [] });
  for (const stroke of strokes) {
    await touch('touchStart', stroke[0]);
    for (const point of stroke.slice(1)) await touch('touchMove', point);
    await touch('touchEnd');
  }
}

async function placeOn(canvas: Locator) {
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (!box) throw new Error('The drawing area is not shown.');
  return ([right, down]: Point) => ({ x: box.x + right * box.width, y: box.y + down * box.height });
}
