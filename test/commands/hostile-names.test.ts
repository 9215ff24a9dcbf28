import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { runInProcess } from '../helpers/run-in-process.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Sets a terminal's title, empties its screen by either kind of control character, and turns text around. */
const name = 'x\u001b]0;pwned\u0007\u001b[2J\r\u009b2J\u202ey';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const damaged = path.join(folder, 'models', name, '1');
  await mkdir(damaged, { recursive: true });
  await writeFile(path.join(damaged, 'saved_model.pb'), name);
  await mkdir(path.join(folder, 'data', name), { recursive: true });
  await writeFile(path.join(folder, 'data', name, `${name}.png`), name);
});

describe('a name in the way of a command (finding 10)', () => {
  const nowhere = `/nowhere/${name}`;
  it.each<[command: string, args: () => string[]]>([
    ['show-model', () => ['--model-path', nowhere]],
    ['show-model', () => ['--model-path', path.join(folder, 'models', name, '1')]],
    ['list-models', () => ['--model-type', name]],
    ['predict-image', () => ['--model-path', nowhere, nowhere]],
    ['predict-image', () => ['--model-name', name, '--host', name, nowhere]],
    ['eval-model', () => ['--model-path', nowhere, '--test-dataset-path', path.join(folder, 'data')]],
    ['build-model', () => ['--model-type', name, '--weights', nowhere, '--labels', nowhere]],
    ['train-model', () => ['--model-type', 'LenetModel', '--model-folder-path', folder, '--train-dataset-path', path.join(folder, 'data'), '--test-dataset-path', nowhere]],
    ['train-model', () => ['--model-type', 'LenetModel', '--model-folder-path', folder, '--train-dataset-path', path.join(folder, 'data'), '--test-dataset-path', path.join(folder, 'data')]],
    ['serve-model', () => ['--model-folder', nowhere]],
    ['serve-model', () => ['--model-folder', folder, '--token-file', nowhere]],
    ['serve-model', () => ['--model-folder', folder, '--host', name]],
  ])('is not obeyed by a terminal: %s, %#', async (command, args) => {
    const { stdout, stderr } = await runInProcess(command, args());
    const text = `${stdout}${stderr}`;
    expect(text).toMatch(/\\x1b|\\u001b/);
    // eslint-disable-next-line no-control-regex -- what a terminal obeys
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });
}); // prettier-ignore
