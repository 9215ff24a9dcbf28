import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { applyDatasetEdits, datasetEditsText, readDatasetEdits } from '../../../src/data/source/dataset-edits.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

async function read(text: string) {
  const file = path.join(await temporaryFolder(), 'edits.jsonl');
  writeFileSync(file, text);
  return readDatasetEdits(file);
}

/** The message without the folder. */
async function faultsOf(text: string): Promise<string> {
  const message = await read(text).then(() => 'no error', (error: unknown) => (error as Error).message); // prettier-ignore
  return message.replace(/^\S+edits\.jsonl/, 'edits.jsonl');
}

describe('a file of edits', () => {
  it('is read as it was written, whatever images are called', async () => {
    const edits = [
      { action: 'exclude', set: 'test', path: 'cat\u202e/"1"\n.jpg', reason: 'twice', other: 'cat/2.jpg' },
      { action: 'relabel', set: 'training', path: 'cat/3.jpg', labels: ['dog'], reason: '' },
    ] as const;
    expect(await read(datasetEditsText(edits))).toEqual(edits);
  });

  it('is refused with all its faults', async () => {
    const lines = [
      '{"action": "exclude", "path": "../secrets/1.jpg"}',
      '{"action": "exclude", "path": "/etc/passwd"}',
      String.raw`{"action": "exclude", "path": "cat\\..\\..\\1.jpg"}`,
      '{"action": "delete", "path": "cat/1.jpg"}',
      '{"action": "relabel", "path": "cat/1.jpg"}',
      'cat/1.jpg',
      '',
    ];
    expect(await faultsOf(lines.join('\n'))).toMatchInlineSnapshot(`
      "edits.jsonl cannot be used: 6 faults.
        line 1 has the path "../secrets/1.jpg", which leaves the data set. Expected: a way from its folder down
        line 2 has the path "/etc/passwd", which leaves the data set. Expected: a way from its folder down
        line 3 has the path "cat\\..\\..\\1.jpg", which leaves the data set. Expected: a way from its folder down
        line 4 has a wrong action: Invalid type: Expected ("exclude" | "relabel") but received "delete"
        line 5 has no labels. Expected: "labels": ["cat"]
        line 6 is not JSON. Expected: {"action": "exclude", "set": "training", "path": "cats/1.jpg"}"
    `);
  });
});

const scan: ImageScan = {
  directory: 'data',
  classNames: ['cat', 'dog'],
  files: ['data/cat/1.jpg', 'data/cat/2.jpg', 'data/dog/1.jpg'].map((file, i) => ({ path: file, label: i === 2 ? 1 : 0 }) as ImageFile), // prettier-ignore
  problems: [],
  notes: { strayFiles: [], unusedDirectories: [], repeatedDirectories: [] },
};
const edit = { set: 'training', reason: '' } as const;

describe('edits of a scan', () => {
  it('leave images out, relabel others, and name what is not there', () => {
    const { scan: edited, ...numbers } = applyDatasetEdits(scan, [
      { ...edit, action: 'exclude', path: 'cat/1.jpg' },
      { ...edit, action: 'relabel', path: 'cat/2.jpg', labels: ['dog'] },
      { ...edit, action: 'exclude', path: 'cat/9.jpg' },
    ]);
    expect(edited.files.map(({ path: file, label }) => `${file} ${label}`)).toEqual(['data/cat/2.jpg 1', 'data/dog/1.jpg 1']); // prettier-ignore
    expect(numbers).toEqual({ excluded: 1, relabelled: 1, unknown: ['cat/9.jpg'] });
  });

  it('give several labels only where images may have several', () => {
    const both = [{ ...edit, action: 'relabel', path: 'cat/2.jpg', labels: ['dog', 'cat'] }] as const;
    const { files } = applyDatasetEdits({ ...scan, isMultiLabel: true }, both).scan;
    expect(files[1]).toMatchObject({ label: 0, labels: [0, 1] });
    expect(() => applyDatasetEdits(scan, both)).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: "cat/2.jpg" cannot be relabelled: it has one class. Received: "dog", "cat"]`,
    );
  });

  it('give no label that is not a class', () => {
    const wrong = [{ ...edit, action: 'relabel', path: 'cat/2.jpg', labels: ['bird'] }] as const;
    expect(() => applyDatasetEdits(scan, wrong)).toThrowErrorMatchingInlineSnapshot(
      `[SignetError: "cat/2.jpg" cannot be relabelled: "bird" is not a class. Expected: "cat", "dog"]`,
    );
  });
});
