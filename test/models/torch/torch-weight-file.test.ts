import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { openTorchWeightFile } from '../../../src/models/torch/torch-weight-file.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const small = 'test/fixtures/torch/small.pth';
const range = (length: number, first = 0) => Array.from({ length }, (_, i) => first + i);

/** The small file with some bytes of its text replaced. */
async function changed(from: string | Uint8Array, to: string | Uint8Array): Promise<string> {
  const bytes = await readFile(small);
  const at = bytes.indexOf(from);
  expect(at).toBeGreaterThan(0);
  const file = path.join(await temporaryFolder(), 'changed.pth');
  await writeFile(file, Buffer.concat([bytes.subarray(0, at), Buffer.from(to), bytes.subarray(at + from.length)]));
  return file;
}

async function written(pickle: Uint8Array): Promise<string> {
  const file = path.join(await temporaryFolder(), 'written.pth');
  await writeFile(file, pickle);
  return file;
}

describe('a state dict of PyTorch', () => {
  it("has Keras's layout, from transposed views too", async () => {
    const { layers, isOrdered } = await openTorchWeightFile(small);
    expect(isOrdered).toBe(true);
    const shapes = layers.map(({ name, weights }) => [name, weights.map(({ shape }) => shape)]);
    expect(shapes).toEqual([
      ['_conv', [[3, 3, 2, 4]]],
      ['_depthwise', [[3, 3, 4, 1]]],
      ['_bn', [[4], [4], [4], [4]]],
      ['_fc', [[4, 3], [3]]],
    ]);
    const values = async (layer: number, weight: number) => [...((await layers[layer]?.weights[weight]?.read()) ?? [])];
    // Made from these numbers in Keras's order: see the script.
    expect(await values(0, 0)).toEqual(range(72));
    expect((await values(1, 0)).slice(0, 8)).toEqual([0, 9, 18, 27, 1, 10, 19, 28]);
    expect(await values(2, 3)).toEqual(range(4, 30));
    expect(await values(3, 0)).toEqual([0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    expect(await values(3, 1)).toEqual(range(3));
  });

  it.each([
    ['a name of Python that is not a tensor', () => changed('ctorch\nFloatStorage\n', 'cposix\nsystem\n'), 'it wants "posix.system" of Python'],
    ['a call of what is not a tensor', () => changed('_rebuild_tensor_v2', '_rebuild_parameter'), 'it wants "torch._utils._rebuild_parameter"'],
    ['an opcode that weights do not need', () => changed('cpuq', Buffer.from('cpu\x81', 'latin1')), 'has the opcode 0x81'],
    ['more elements than there are bytes', () => changed(Uint8Array.of(72, 0, 0, 0, 0, 0, 0, 0), Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 127)), 'it ends early'],
    ['a tensor larger than its storage', () => changed(Uint8Array.of(0x4b, 2, 0x4b, 3, 0x4b, 3, 0x74), Uint8Array.of(0x4b, 9, 0x4b, 9, 0x4b, 9, 0x74)), 'has more elements than its storage'],
    ['another magic number', () => changed(Uint8Array.of(0x6c, 0xfc), Uint8Array.of(0x6c, 0xfd)), 'torch.save did not write it'],
    ['millions of dictionaries of a byte each', () => written(Buffer.alloc(2e6, '}')), 'has more than 524288 opcodes'],
    ['millions of lists in each other', () => written(Buffer.alloc(2e6, '](')), 'has more than 524288 opcodes'],
    ['millions of references to one value', () => written(Buffer.concat([Buffer.from(']q\0'), Buffer.alloc(2e6, 'h\0')])), 'has more than 524288 opcodes'],
    ['a text of megabytes', () => written(Buffer.concat([Buffer.of(0x58, 0, 0, 32, 0), Buffer.alloc(2 ** 21, 0x1b)])), 'has a text of 2097152 bytes'],
    ['an archive of a newer torch', () => Promise.resolve('test/fixtures/torch/small.zip.pth'), '_use_new_zipfile_serialization=False'],
    ['no such file', () => Promise.resolve('nowhere.pth'), 'ENOENT'],
  ] as const)('refuses %s', async (_case, file, message) => {
    const opened = openTorchWeightFile(await file());
    await expect(opened).rejects.toHaveProperty('code', 'INVALID_WEIGHTS');
    await expect(opened).rejects.toThrow(message);
  }); // prettier-ignore

  it('refuses every shorter file, and reads or refuses every file with one other byte', async () => {
    const bytes = await readFile(small);
    const file = path.join(await temporaryFolder(), 'x.pth');
    const outcome = async (content: Uint8Array) => {
      await writeFile(file, content);
      return openTorchWeightFile(file).then(
        async ({ layers }) => {
          for (const { weights } of layers) for (const weight of weights) await weight.read();
          return 'read';
        },
        (error: unknown) => (error as { code?: string }).code,
      );
    };
    for (let length = 0; length < bytes.length; length += 7) {
      expect(await outcome(bytes.subarray(0, length))).toBe('INVALID_WEIGHTS');
    }
    for (let at = 0; at < bytes.length; at += 3) {
      const other = Buffer.from(bytes);
      other[at] = (at * 37) % 256;
      expect(await outcome(other)).toMatch(/^(read|INVALID_WEIGHTS)$/);
    }
  });
});
