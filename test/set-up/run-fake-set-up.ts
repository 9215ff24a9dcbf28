/** Sets a fake site up in a process of its own, which a test can kill: `tsx run-fake-set-up.ts SITE.json MILLISECONDS`. */
import { readFileSync } from 'node:fs';

import { setUp } from '../../src/set-up/set-up.js';
import { fakeOptions, type FakeSite } from './fake-site.js';

const [, , sitePath = '', milliseconds = '0'] = process.argv;
const site = JSON.parse(readFileSync(sitePath, 'utf8')) as FakeSite;
const report = await setUp({
  ...fakeOptions(site, Number(milliseconds)),
  onProgress: ({ doing, seconds, fraction }) => {
    if (seconds === undefined && fraction === undefined) process.stdout.write(`${doing}\n`);
  },
});
process.stdout.write(report.wasSetUp ? 'nothing to do\n' : 'set up\n');
