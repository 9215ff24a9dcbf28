import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';

import { type RunningServer, startServer } from '../../../src/serving/start-server.js';
import { launchChromium } from './launch-chromium.js';
import { type WatchedPage, watchPage } from './page-in-chromium.js';
import { temporaryFolderForAll } from '../temporary-folder.js';
import '../servers/threads-given.js';

/** A server with models, and a browser for its page. */
export interface ServedPage {
  /** Folder of the models. */
  readonly folder: string;
  readonly browser: Browser;
  readonly restPort: number;
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Opens the page in a new context, which is closed after the test. */
  readonly open: (options?: BrowserContextOptions) => Promise<WatchedPage>;
}

/**
 * For the top of a `describe`: starts server and browser before its tests and ends them afterwards.
 *
 * @param saveModels Puts the models into the folder that is served.
 * @returns A function for use in tests, which returns the server and browser.
 */
export function servedPage(saveModels: (folder: string) => Promise<void>): () => ServedPage {
  let folder: string;
  let server: RunningServer;
  let browser: Browser;
  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    await saveModels(folder);
    server = await startServer({ modelFolder: folder, restPort: 0, grpcPort: 0, pollSeconds: 0.2 }, '0.0.0');
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await server.drain();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  return () => {
    const { restPort } = server;
    const url = `http://127.0.0.1:${restPort}/`;
    return { folder, browser, restPort, url, open: (options) => watchPage(browser, url, options) };
  };
}
