/**
 * Sets a fake site up in a process of its own: `tsx run-fake-set-up.ts SITE.json [FILE] [STAGE]`. A download waits for the file; the
 * process kills itself a moment after the stage has begun.
 */
import { readFileSync } from 'node:fs';

import { setUp } from '../../src/set-up/set-up.js';
import { fakeOptions, type FakeSite } from './fake-site.js';

const [, , sitePath = '', mayEnd = '', lastStage = ''] = process.argv;
const site = JSON.parse(readFileSync(sitePath, 'utf8')) as FakeSite;
const report = await setUp({
  ...fakeOptions(site, mayEnd === '' ? undefined : mayEnd),
  onProgress: ({ doing, seconds, fraction }) => {
    if (seconds !== undefined || fraction !== undefined) return;
    process.stdout.write(`${doing}\n`);
    // Both stages start a program, which takes longer, and a timer that is due comes before its end, however busy the machine.
    if (lastStage !== '' && doing.startsWith(lastStage)) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 2);
  },
});
process.stdout.write(report.wasSetUp ? 'nothing to do\n' : 'set up\n');
