import { createRequire } from 'node:module';
import path from 'node:path';

import { expect, it } from 'vitest';

import { addonPath, tfjsPackage } from '../../../src/set-up/tfjs-package.js';
import '../../../src/tensorflow/tf.js';

it('loads the addon that node-pre-gyp would find, which is itself again afterwards', () => {
  const { folder } = tfjsPackage();
  const manifest = path.join(folder, 'package.json');
  const { find } = createRequire(manifest)('@mapbox/node-pre-gyp') as { find: (manifest: string) => string };
  expect(find).toHaveLength(2);
  expect(find(manifest)).toBe(path.join(folder, addonPath));
});
