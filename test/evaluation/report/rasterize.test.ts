import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { hasFonts, rasterize } from '../../../src/evaluation/report/rasterize.js';
import { svgPicture } from '../../../src/evaluation/report/svg-picture.js';
import { markup } from '../../../src/evaluation/report/markup.js';
import { hostileNames } from './hostile-names.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { runTypeScript } from '../../helpers/run-type-script.js';

describe('rasterize', () => {
  it('draws a picture twice as large, on white', async () => {
    const content = markup`<path d="M10 10h10v10H10z" fill="#0000ff"/>`;
    const png = await rasterize(svgPicture({ width: 30, height: 30, name: 'a square', content }));
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    expect([info.width, info.height]).toEqual([60, 60]);
    expect(pixel(30, 30)).toEqual([0, 0, 255]);
    expect(pixel(5, 5)).toEqual([255, 255, 255]);
  });

  it.each(hostileNames)('draws any text: %j', async (name) => {
    const content = markup`<text x="5" y="20">${name}</text>`;
    const png = await rasterize(svgPicture({ width: 300, height: 30, name, content }));
    expect(await sharp(png).metadata()).toMatchObject({ width: 600, height: 60 });
  });
});

describe('hasFonts', () => {
  it('knows a machine without fonts', async () => {
    const none = path.join(await temporaryFolder(), 'fonts.conf');
    await writeFile(none, '<?xml version="1.0"?><fontconfig></fontconfig>');
    const script = `import { hasFonts } from './src/evaluation/report/rasterize.ts'; console.log(await hasFonts());`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...runTypeScript, '--input-type', 'module', '--eval', script],
      { env: { ...process.env, FONTCONFIG_FILE: none } },
    );
    expect(stdout.trim()).toBe('false');
  });

  it('gives the same answer twice', async () => {
    expect(await hasFonts()).toBe(await hasFonts());
  });
});
