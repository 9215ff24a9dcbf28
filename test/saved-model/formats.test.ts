import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { crc32c, maskedCrc32c } from '../../src/saved-model/checkpoint/crc32c.js';
import { encodeTable } from '../../src/saved-model/checkpoint/leveldb-table.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { recoverModelDirectories, writeModelDirectory } from '../../src/files/model-directory.js';
import { readSignatures } from '../../src/saved-model/read/read-saved-model.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { asset } from '../../src/tracing/asset.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

describe('crc32c', () => {
  it.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['the digits', Buffer.from('123456789'), 0xe3069283],
  ])('is that of RFC 3720 for %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  it('continues from a part to the whole', () => {
    const text = Buffer.from('a checksum that is computed in two parts');
    for (let cut = 0; cut <= text.length; cut += 1) {
      expect(crc32c(text.subarray(cut), crc32c(text.subarray(0, cut)))).toBe(crc32c(text));
    }
  });

  it('is masked as TensorFlow masks it', () => {
    expect(maskedCrc32c(0)).toBe(0xa282ead8);
  });
});

describe('encodeTable', () => {
  it('ends with the magic number of LevelDB', () => {
    const table = encodeTable([[Buffer.from('key'), Buffer.from('value')]]);
    expect(Buffer.from(table).subarray(-8).toString('hex')).toBe('57fb808b247547db');
  });
});

describe('a SavedModel', () => {
  const scale = tf.variable(tf.tensor1d([1, 2, 3]), true, 'scale');
  const scaled = tfFunction((x: tf.Tensor) => ({ scaled: tf.mul(x, scale), total: tf.sum(x) }), {
    inputSignature: { x: tensorSpec('float32', [null, 3]) },
  });
  const save = (directory: string) =>
    writeSavedModel(directory, {
      functions: { scale: scaled.getConcreteFunction() },
      signatures: { serving_default: 'scale' },
      assets: { words: asset({ name: 'words.txt', content: 'one\n' }) },
    });

  it('tells its signatures without TensorFlow', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await save(directory);
    const { serving_default: signature } = await readSignatures(directory);
    expect(
      Object.entries(signature?.inputs ?? {}).map(([name, { tensor, spec }]) => `${name} ${tensor} ${spec}`),
    ).toEqual(['x serving_default_x:0 float32[?, 3]']);
    expect(
      Object.entries(signature?.outputs ?? {}).map(([name, { tensor, spec }]) => `${name} ${tensor} ${spec}`),
    ).toEqual(['scaled StatefulPartitionedCall:0 float32[?, 3]', 'total StatefulPartitionedCall:1 float32[]']);
    expect((await readdir(directory)).toSorted()).toEqual(['assets', 'fingerprint.pb', 'saved_model.pb', 'variables']);
  });

  it('holds 100 MB of variables', async () => {
    const large = tf.variable(tf.ones([25, 1_000_000]), false, 'large');
    const sum = tfFunction(() => tf.sum(large), { inputSignature: {} });
    const directory = path.join(await temporaryFolder(), '1');
    await writeSavedModel(directory, {
      functions: { sum: sum.getConcreteFunction() },
      signatures: { serving_default: 'sum' },
    });
    large.dispose();
    const loaded = await LoadedSavedModel.load(directory);
    expect(loaded.call('serving_default', {}).output_0?.dataSync()[0]).toBe(25_000_000);
    loaded.dispose();
  });

  it('names the signatures there are', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await save(directory);
    const loaded = await LoadedSavedModel.load(directory);
    expect(() => loaded.call('serving_bytes', {})).toThrow(
      'has no signature "serving_bytes". It has: serving_default.',
    );
    expect(() => loaded.call('serving_default', {})).toThrow(
      '"serving_default" takes x: float32[?, 3]. Received: nothing.',
    );
    loaded.dispose();
  });

  it('is refused when it is none, or damaged', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    await expect(readSignatures(directory)).rejects.toThrow('is not a SavedModel: it has no readable saved_model.pb.');
    await save(directory);
    const file = path.join(directory, 'saved_model.pb');
    await writeFile(file, (await readFile(file)).subarray(0, 1001));
    await expect(readSignatures(directory)).rejects.toThrow('saved_model.pb is damaged. Copy or save the model again.');
  });
});

describe('a model directory', () => {
  const write = (text: string) => (folder: string) => writeFile(path.join(folder, 'model'), text);
  /** A process id that nobody has: larger than any system gives. */
  const dead = 2 ** 30;

  it('is replaced whole', async () => {
    const parent = await temporaryFolder();
    await writeModelDirectory(path.join(parent, '1'), write('old'));
    await writeModelDirectory(path.join(parent, '1'), write('new'));
    expect(await readdir(parent)).toEqual(['1']);
    expect(await readFile(path.join(parent, '1', 'model'), 'utf8')).toBe('new');
  });

  it('stays as it was when writing fails', async () => {
    const parent = await temporaryFolder();
    const directory = path.join(parent, '1');
    await writeModelDirectory(directory, write('old'));
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    await expect(writeModelDirectory(directory, () => Promise.reject(full))).rejects.toThrow(
      `Cannot write ${directory}: the disk is full. Free some space, or choose another folder.`,
    );
    expect(await readdir(parent)).toEqual(['1']);
    expect(await readFile(path.join(directory, 'model'), 'utf8')).toBe('old');
  });

  it('says that a file is in the way', async () => {
    const parent = await temporaryFolder();
    await writeFile(path.join(parent, 'file'), '');
    await expect(writeModelDirectory(path.join(parent, 'file', '1'), write('x'))).rejects.toThrow(
      'a part of the path is a file',
    );
  });

  it('is put back when a crash came between the renames, and half-written ones are swept', async () => {
    const parent = await temporaryFolder();
    await mkdir(path.join(parent, `.1.old-${dead}`));
    await writeFile(path.join(parent, `.1.old-${dead}`, 'model'), 'old');
    await mkdir(path.join(parent, `.1.new-${dead}`));
    await mkdir(path.join(parent, '2'));
    await mkdir(path.join(parent, `.2.old-${dead}`));
    await recoverModelDirectories(parent);
    expect((await readdir(parent)).toSorted()).toEqual(['1', '2']);
    expect(await readFile(path.join(parent, '1', 'model'), 'utf8')).toBe('old');
  });

  it('is left alone while another process writes it', async () => {
    const parent = await temporaryFolder();
    await mkdir(path.join(parent, `.1.new-${process.ppid}`));
    await recoverModelDirectories(parent);
    expect(await readdir(parent)).toEqual([`.1.new-${process.ppid}`]);
  });
});
