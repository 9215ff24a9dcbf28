import { mkdir, writeFile } from 'node:fs/promises';

import { bundleOfflineScript } from '../src/serving/page/offline-script.js';

/** Bundles the script of the page that needs no server into `dist/`, so that users of the package need no bundler. */
const folder = 'dist/src/serving/page/offline';
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/offline-page.bundle.js`, await bundleOfflineScript());
