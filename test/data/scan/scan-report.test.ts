import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { SignetError } from '../../../src/errors.js';
import type { ImageProblem, ProblemKind } from '../../../src/data/image-file/image-problem.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { type DescribeOptions, describeProblems } from '../../../src/data/scan/describe-problems.js';
import { assertUsable, scanNotes } from '../../../src/data/scan/scan-report.js';
import { tiff as tiffOf } from '../../helpers/data/tiff.js';
import { avif, gif, image, jpeg, png, temporaryDirectory, tiff, webp, writeFiles } from '../samples.js';

function problem(path: string, kind: ProblemKind, message: string): ImageProblem {
  return { path, kind, message };
}

function scanWith(problems: readonly ImageProblem[]): ImageScan {
  const files = [0, 1].map((label) => {
    return { path: `data/${label}/a.png`, label, format: 'png' as const, width: 8, height: 8, sizeBytes: 127 };
  });
  const notes = { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] };
  return { directory: 'data', classNames: ['0', '1'], files, problems, notes };
}

const bad = scanWith([
  problem('data/0/a\nb.jpg', 'corrupt', 'is cut off: the download or copy was not completed'),
  problem('data/0/b.png', 'empty', 'has no bytes'),
  problem('data/1/c.jpg', 'unsupported', 'is a HEIC image'),
  problem('data/1/d.png', 'empty', 'has no bytes'),
]);

const many = scanWith(Array.from({ length: 1253 }, (_, i) => problem(`data/0/${i}.png`, 'empty', 'has no bytes')));

/** Problems, then notes. */
function report(scan: ImageScan, options: DescribeOptions = {}): string {
  return [describeProblems(scan.problems, options), ...scanNotes(scan)].filter((text) => text !== '').join('\n');
}

describe('describeProblems and scanNotes', () => {
  it('are empty if there is nothing to say', () => {
    expect(report(scanWith([]))).toBe('');
  });

  it('groups what is wrong by kind', () => {
    expect(report(bad)).toBe(
      '2 files are empty:\n' +
        '  data/0/b.png has no bytes\n' +
        '  data/1/d.png has no bytes\n' +
        '1 file is corrupt:\n' +
        '  data/0/a\\nb.jpg is cut off: the download or copy was not completed\n' +
        '1 file is of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF):\n' +
        '  data/1/c.jpg is a HEIC image',
    );
  });

  it('lists 50 files of a kind where a file has the rest, and all of them where none has', () => {
    const lines = report(many, { fullListIn: 'bad-images.txt' }).split('\n');
    expect(lines).toHaveLength(1 + 50 + 1);
    expect(lines[0]).toBe('1,253 files are empty:');
    expect(lines.at(-1)).toBe('  … and 1,203 more, full list in bad-images.txt');
    expect(report(many, { fullListIn: 'bad.txt', linesPerKind: 2 }).split('\n')).toHaveLength(4);
    expect(report(many).split('\n')).toHaveLength(1 + 1253);
  });

  it('notes what may surprise', async () => {
    const directory = temporaryDirectory();
    const turned = await image().withMetadata({ orientation: 6 }).jpeg().toBuffer();
    writeFiles(directory, {
      'README.md': '',
      'cat/1.jpg': gif,
      'cat/2.png': jpeg,
      'cat/3.jpg': turned,
      'cat/4.webp': webp,
      'dog/5.avif': avif,
      'dog/6.tif': tiff,
      'dog/7.webp': webp,
      'mouse/8.png': png,
    });
    const text = report(await scanImageDirectory(directory, { classNames: ['cat', 'dog'] }));
    expect(text.replaceAll(directory, 'DATA')).toBe(
      '2 files are named for another format and used all the same: DATA/cat/1.jpg is GIF.\n' +
        '1 file is turned upright, as the EXIF orientation says.\n' +
        '4 files are transcoded to PNG in memory: 2 WebP, 1 AVIF, 1 TIFF.\n' +
        '1 file is directly in DATA, in no class, and is not used: "README.md".\n' +
        '1 directory is not among the class names and is not used: "mouse".',
    );
  });

  it('notes images of 16 bits, and that 12-bit data in them is nearly black', async () => {
    const deep = (brightest: number) =>
      sharp(new Uint16Array(48).fill(brightest), { raw: { width: 4, height: 4, channels: 3 } })
        .toColourspace('rgb16')
        .png()
        .toBuffer();
    const [dim, bright] = [await deep(4000), await deep(50_000)];
    const [dark, well] = [temporaryDirectory(), temporaryDirectory()];
    writeFiles(dark, { 'a/1.png': dim, 'a/2.png': dim, 'b/3.png': png });
    writeFiles(well, { 'a/1.png': bright, 'b/3.png': png });
    expect(report(await scanImageDirectory(dark))).toBe(
      '2 files have 16 bits per sample, of which the upper 8 are used. The brightest of the first 2 is 4,000 of 65,535, nearly black: ' +
        'scale them first, if they hold data of 10 or 12 bits.',
    );
    expect(report(await scanImageDirectory(well))).toBe(
      '1 file has 16 bits per sample, of which the upper 8 are used.',
    );
  });

  it('notes 12-bit data in a TIFF of 16 bits', async () => {
    const samples = [0, 1000, 2000, 4095];
    const directory = temporaryDirectory();
    writeFiles(directory, {
      'a/1.tif': tiffOf({ width: 2, height: 2, channels: 1, kind: 'uint', bits: 16, samples }),
      'b/2.png': png,
    });
    expect(report(await scanImageDirectory(directory))).toContain(
      'The brightest of the first is 4,095 of 65,535, nearly black',
    );
  });

  it('notes classes whose names may be meant as one', () => {
    expect(report({ ...scanWith([]), classNames: ['Cat', 'cat'] })).toBe(
      'Classes whose names may be meant as one: "Cat" and "cat" differ only in upper and lower case.',
    );
  });

  it('counts in the plural, and names five', () => {
    const scan = scanWith([]);
    const turned = scan.files.map((file) => ({ ...file, orientation: 6, frames: 4 }));
    const names = Array.from('abcdef');
    const notes = { strayFiles: names, unusedDirectories: names, repeatedDirectories: names };
    expect(report({ ...scan, files: turned, notes })).toBe(
      '2 files are turned upright, as the EXIF orientation says.\n' +
        '2 files have several frames or pages, of which the first is used.\n' +
        '6 files are directly in data, in no class, and are not used: "a", "b", "c", "d", "e", ….\n' +
        '6 directories are not among the class names and are not used: "a", "b", "c", "d", "e", ….\n' +
        '6 symbolic links lead to a directory of the same class that is read already and are not used: ' +
        '"a", "b", "c", "d", "e", ….',
    );
  });
});

describe('assertUsable', () => {
  it('lets a scan without problems pass', () => {
    const scan = scanWith([]);
    expect(assertUsable(scan, 'fail')).toEqual({ scan, skipped: [], skippedList: '' });
  });

  it('fails with the full list, and says how to continue without', () => {
    expect(() => assertUsable(bad, 'fail')).toThrow(
      new SignetError(
        'BAD_IMAGE',
        '4 files in data cannot be used.\n' +
          '2 files are empty:\n' +
          '  data/0/b.png has no bytes\n' +
          '  data/1/d.png has no bytes\n' +
          '1 file is corrupt:\n' +
          '  data/0/a\\nb.jpg is cut off: the download or copy was not completed\n' +
          '1 file is of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF):\n' +
          '  data/1/c.jpg is a HEIC image\n' +
          'Repair or remove them, or continue without them: --on-bad-image skip',
      ),
    );
    expect(() => assertUsable(bad, 'fail')).toThrow(expect.objectContaining({ code: 'BAD_IMAGE' }));
  });

  it('skips, and hands over the list for a file', () => {
    const { scan, skipped, skippedList } = assertUsable(bad, 'skip');
    expect(scan).toEqual({ ...bad, problems: [] });
    expect(skipped).toEqual(bad.problems);
    expect(skippedList).toBe(
      'data/0/a\\nb.jpg\tcorrupt\tis cut off: the download or copy was not completed\n' +
        'data/0/b.png\tempty\thas no bytes\n' +
        'data/1/c.jpg\tunsupported\tis a HEIC image\n' +
        'data/1/d.png\tempty\thas no bytes\n',
    );
  });
});
