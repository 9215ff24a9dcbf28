import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';

import { unzipSync, zipSync } from 'fflate';
import sharp, { type Sharp } from 'sharp';

import { createRandom, type Random } from '../../../src/data/dataset/random.js';
import { encodeTable } from '../../../src/saved-model/checkpoint/leveldb-table.js';
import { decodeTable } from '../../../src/saved-model/checkpoint/read-leveldb-table.js';
import { mutated, offsetsOf } from './mutate.js';

/** Writes one damaged file, or SavedModel, of a kind to a path, to which it adds an ending. Returns that path. */
export type WriteMutant = (random: Random, to: string) => Promise<string>;

/** HDF5's structures, by the words with which they begin. */
const hdf5Marks = [
  '\x89HDF',
  'TREE',
  'HEAP',
  'SNOD',
  'OHDR',
  'OCHK',
  'FRHP',
  'FHDB',
  'BTHD',
  'BTLF',
  'GCOL',
  'layer_names',
  'weight_names',
  'name',
];

/** Names in the pickles of a state dict, and the opcodes around them. */
const torchMarks = ['torch', 'storage', 'cpu', 'X', 'q', 'c', 'R', 'tq', '(K'];

const fixtures = 'test/fixtures/keras';

/** Kinds of weight files. @param savedModel Directory of an undamaged SavedModel. */
export async function weightMutants(savedModel: string): Promise<Readonly<Record<string, WriteMutant>>> {
  const read = async (name: string) => {
    const bytes = await readFile(path.join(fixtures, name));
    return { bytes, marks: offsetsOf(bytes, hdf5Marks) };
  };
  const legacy = await read('lenet.legacy.h5');
  const keras3 = await read('lenet.weights.h5');
  const pickled = await readFile('test/fixtures/torch/small.pth');
  const torch = { bytes: pickled, marks: offsetsOf(pickled, torchMarks) };
  const archive = await read('lenet.keras');
  const members = unzipSync(archive.bytes);
  const inner = Buffer.from(members['model.weights.h5'] ?? []);
  const marks = offsetsOf(inner, hdf5Marks);
  const zipMarks = offsetsOf(archive.bytes, ['PK']);
  const plain =
    ({ bytes, marks }: typeof legacy, ending: string): WriteMutant =>
    async (random, to) =>
      written(`${to}${ending}`, mutated(bytes, random, marks));
  return {
    '.h5': plain(legacy, '.h5'),
    '.weights.h5': plain(keras3, '.weights.h5'),
    '.pth': plain(torch, '.pth'),
    '.keras': async (random, to) => {
      const isInside = random() < 0.5;
      const bytes = isInside
        ? zipSync({ ...members, 'model.weights.h5': mutated(inner, random, marks) }, { level: 1 })
        : mutated(archive.bytes, random, zipMarks);
      return written(`${to}.keras`, bytes);
    },
    SavedModel: async (random, to) => mutatedSavedModel(savedModel, random, to),
  };
}

async function mutatedSavedModel(from: string, random: Random, to: string): Promise<string> {
  await cp(from, to, { recursive: true });
  const names = [
    'saved_model.pb',
    'saved_model.pb',
    'variables/variables.index',
    'variables/variables.index',
    'variables/variables.data-00000-of-00001',
  ];
  const file = path.join(to, names[Math.floor(random() * names.length)] ?? '');
  const bytes = await readFile(file);
  // Half of the damaged tables get valid checksums.
  const isTable = file.endsWith('.index') && random() < 0.7;
  await writeFile(file, isTable ? mutatedTable(bytes, random) : mutated(bytes, random, everyPart(bytes)));
  return to;
}

function mutatedTable(bytes: Buffer, random: Random): Uint8Array {
  const entries = decodeTable(bytes, 'table');
  const chosen = Math.floor(random() * entries.length);
  return encodeTable(
    entries.map(([key, value], i) => [key, i === chosen ? mutated(value, random, everyPart(value)) : value]),
  );
}

function everyPart({ length }: Uint8Array): number[] {
  return Array.from({ length: 8 }, (_, i) => Math.floor((i * length) / 8));
}

/** Kinds of images: two sizes of each format, one of them larger than the part of a file that is read first. */
export async function imageMutants(): Promise<Readonly<Record<string, WriteMutant>>> {
  const noise = createRandom(7);
  const picture = (width: number, height: number): Sharp =>
    sharp(Buffer.from(Array.from({ length: width * height * 3 }, () => Math.floor(noise() * 256))), {
      raw: { width, height, channels: 3 },
    });
  const both = async (encode: (picture: Sharp) => Sharp) =>
    Promise.all([
      encode(picture(24, 16)).toBuffer(),
      encode(picture(200, 150))
        .withExif({ IFD0: { Copyright: 'x' } })
        .toBuffer(),
    ]);
  const animated = await sharp(Buffer.from(Array.from({ length: 16 * 48 * 3 }, () => Math.floor(noise() * 256))), {
    raw: { width: 16, height: 48, channels: 3, pageHeight: 16 },
  })
    .gif()
    .toBuffer();
  const seeds: Readonly<Record<string, Buffer[]>> = {
    jpg: [...(await both((each) => each.jpeg())), await picture(60, 60).jpeg({ progressive: true }).toBuffer()],
    png: [...(await both((each) => each.png())), await picture(60, 60).png({ palette: true }).toBuffer()],
    gif: [...(await both((each) => each.gif())), animated],
    bmp: [bmp(24, 16), bmp(200, 150)],
    webp: await both((each) => each.webp()),
    tiff: [
      ...(await both((each) => each.tiff())),
      await picture(64, 64).tiff({ tile: true, compression: 'deflate' }).toBuffer(),
    ],
    avif: await both((each) => each.avif({ effort: 0 })),
  };
  return Object.fromEntries(
    Object.entries(seeds).map(([ending, files]) => [
      ending,
      async (random: Random, to: string) => {
        const bytes = mutated(files[Math.floor(random() * files.length)] ?? Buffer.of(), random);
        return written(`${to}.${ending}`, ending === 'png' && random() < 0.6 ? withChecksums(bytes) : bytes);
      },
    ]),
  );
}

function bmp(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height, 0x5a);
  bytes.write('BM');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(0, 6);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  bytes.fill(0, 30, 54);
  return bytes;
}

/** A PNG with valid checksums, so that they do not reveal the damage. */
function withChecksums(bytes: Buffer): Buffer {
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length) break;
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return bytes;
}

async function written(file: string, bytes: Uint8Array): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, bytes);
  return file;
}

/** Every file of a folder, to see what a reader has left there. */
export async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).map(({ name }) => name);
} // prettier-ignore
