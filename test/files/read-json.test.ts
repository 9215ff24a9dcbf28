import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import * as v from 'valibot';
import { describe, expect, it } from 'vitest';

import { SignetError } from '../../src/errors.js';
import { readJson, wholeNumber } from '../../src/files/read-json.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const schema = v.object({
  format: v.literal(2),
  epoch: wholeNumber(1, 10),
  layers: v.optional(v.array(v.object({ name: v.string() })), []),
});
const error = (problem: string, cause: unknown) => new SignetError('INVALID_TRAINING_STATE', problem, { cause });

async function read(content: string) {
  const file = path.join(await temporaryFolder(), 'state.json');
  await writeFile(file, content);
  return readJson(file, { mostBytes: 500, schema, error });
}

describe('readJson', () => {
  it('gives what the schema asks for, with its defaults, and passes over other fields', async () => {
    expect(await read('{"format": 2, "epoch": 3, "else": 1}')).toEqual({ format: 2, epoch: 3, layers: [] });
  });

  it('is null for a file that does not exist', async () => {
    expect(await readJson(path.join(await temporaryFolder(), 'none.json'), { mostBytes: 500, schema })).toBeNull();
  });

  it.each([
    ['', 'it is empty'],
    ['{"format": 2', `it is not JSON: Expected ',' or '}' after property value in JSON at position 12`],
    ['3', 'the document: expected an object, received 3'],
    ['null', 'the document: expected an object, received null'],
    ['{"format": 1, "epoch": 3}', 'format: expected 2, received 1'],
    ['{"format": 2}', 'epoch is missing'],
    ['{"format": 2, "epoch": "3"}', 'epoch: expected a number, received "3"'],
    ['{"format": 2, "epoch": 1.5}', 'epoch: expected a whole number, received 1.5'],
    ['{"format": 2, "epoch": 0}', 'epoch: expected >=1, received 0'],
    ['{"format": 2, "epoch": 11}', 'epoch: expected <=10, received 11'],
    ['{"format": 2, "epoch": 3, "layers": {}}', 'layers: expected an array, received an object'],
    ['{"format": 2, "epoch": 3, "layers": [{"name": 1}]}', 'layers.0.name: expected a string, received 1'],
    ['{"format": 2, "epoch": "\u202ea"}', 'epoch: expected a number, received "\\u202ea"'],
    ['{"layers": [{}, {}, {}]}', 'format is missing; epoch is missing; layers.0.name is missing; 2 more'],
    [' '.repeat(501), 'it has 501 bytes. Expected: 500 at most'],
  ])('names the field, what was expected and what was received: %s', async (content, problem) => {
    await expect(read(content)).rejects.toThrow(
      expect.objectContaining({
        code: 'INVALID_TRAINING_STATE',
        message: expect.stringContaining(problem) as string,
      }) as Error,
    );
  });

  it('names the file where the caller has no words of its own', async () => {
    const file = path.join(await temporaryFolder(), 'state.json');
    await writeFile(file, '3');
    await expect(readJson(file, { mostBytes: 500, schema })).rejects.toThrow(
      `${file} cannot be used: the document: expected an object, received 3.`,
    );
  });

  it('says why a file cannot be read', async () => {
    const file = path.join(await temporaryFolder(), 'folder.json');
    await mkdir(file);
    await expect(readJson(file, { mostBytes: 10_000, schema })).rejects.toThrow('EISDIR');
  });
});
