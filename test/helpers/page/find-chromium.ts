import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** Names under which distributions and browsers' own installers put it, best first. */
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome'];
const applications = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * A Chromium to test the page in: `$CHROMIUM_PATH`, else the one of this machine. Null where there is none, which is said
 * loudly, since tests are then skipped.
 */
export function findChromium(): string | null {
  const given = process.env.CHROMIUM_PATH;
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/bin', '/snap/bin', '/opt/google/chrome'];
  const usual = [...folders.flatMap((folder) => names.map((name) => path.join(folder, name))), ...applications];
  const found = (given === undefined ? usual : [given]).find(isExecutable);
  if (found !== undefined) return found;
  const reason = given === undefined ? 'there is no Chromium in the usual places' : `CHROMIUM_PATH, ${given}, is none`;
  console.warn(
    `SKIPPED: ${reason}, so the web page is not tested. Install Debian's package chromium, or set CHROMIUM_PATH.`,
  );
  return null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
