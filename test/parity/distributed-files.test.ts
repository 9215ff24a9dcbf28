import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { imagePathsDigest } from '../../src/data/scan/fingerprint-images.js';
import { scanImageDirectory } from '../../src/data/scan/scan-image-directory.js';
import { createRandom, deriveSeed, shuffled } from '../../src/data/dataset/random.js';
import { splitFiles } from '../../src/data/dataset/split-files.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { copyDigits } from '../helpers/data/small-digits.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const imports = `
import json, os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, ${JSON.stringify(path.resolve('deploy/distributed'))})
request = json.load(sys.stdin)
`;

describe.skipIf(!hasPython())('deploy/distributed/', () => {
  it.each([0, 42, 2 ** 40 + 7])('chooses and orders files as train-model does, seed %i', async (seed) => {
    const { train: data } = copyDigits(await temporaryFolder(), { classes: 3, images: 9 });
    mkdirSync(path.join(data, '1', 'deeper'));
    for (const name of ['deeper/a.png', '\u{1f600}.png', '\uff21.png', 'b c.png']) {
      symlinkSync(path.resolve('data/digits/train/1', 'x.png'), path.join(data, '1', `${name}-gone`));
      writeFileSync(path.join(data, '1', name), onePixel);
    }
    writeFileSync(path.join(data, '0', '.hidden.png'), '');
    writeFileSync(path.join(data, '0', 'Thumbs.db'), '');
    mkdirSync(path.join(data, '.git'));
    const script = `${imports}
from image_files import digest, in_order_of_epoch, list_images, split
files = [file for file in list_images(request['data'], ['0', '1', '2']) if os.path.exists(file[0])]
training, validation = split(files, 0.3, request['seed'])
print(json.dumps([training, validation, in_order_of_epoch(training, request['seed'], 12), digest(request['data'], files)]))
`;
    const scan = await scanImageDirectory(data);
    const side = (subset: 'training' | 'validation') =>
      splitFiles(scan, { validationSplit: 0.3, subset, seed }).files.map(({ path: file, label }) => [file, label]);
    const training = side('training');
    const order = shuffled(training, createRandom(deriveSeed(seed, 'epoch 12')));
    const expected = [training, side('validation'), order, imagePathsDigest(scan)];
    expect(await runPython(script, { data, seed })).toEqual(expected);
  });

  it.each<[what: string, links: (data: string) => [target: string, place: string][]]>([
    [
      'to their own folder, twice',
      () => [
        ['.', '1/l1'],
        ['.', '1/l2'],
      ],
    ],
    [
      'to each other',
      () => [
        ['../2', '1/there'],
        ['../1', '2/back'],
      ],
    ],
    [
      'in a chain of twenty with two links each',
      () =>
        Array.from(
          { length: 20 },
          (_, i) =>
            [
              [`../n${i + 1}`, `1/n${i}/a`],
              [`../n${i + 1}`, `1/n${i}/b`],
            ] as [string, string][],
        ).flat(),
    ],
  ])('comes to an end with links %s, with the images of train-model', async (_, links) => {
    const { train: data } = copyDigits(await temporaryFolder(), { classes: 3, images: 3 });
    for (const [target, place] of links(data)) {
      mkdirSync(path.join(data, path.dirname(place)), { recursive: true });
      symlinkSync(target, path.join(data, place));
    }
    mkdirSync(path.join(data, '1', 'n20'), { recursive: true });
    writeFileSync(path.join(data, '1', 'n20', 'last.png'), onePixel);
    const script = `${imports}
from image_files import list_images
print(json.dumps(list_images(request, ['0', '1', '2'])))
`;
    const scan = await scanImageDirectory(data);
    const listed = (await runPython(script, data)) as [string, number][];
    expect(listed).toEqual(scan.files.map(({ path: file, label }) => [file, label]));
  });

  it('takes a TF_CONFIG of workers, and refuses every other in words', async () => {
    const script = `${imports}
from cluster import place
results = []
for text in request:
    os.environ['TF_CONFIG'] = text
    try:
        results.append(place())
    except ValueError as error:
        results.append(str(error))
print(json.dumps(results))
`;
    const config = (worker: unknown, task: unknown, more = {}) =>
      JSON.stringify({ cluster: { worker, ...more }, task });
    const hosts = ['a:1', 'b:2'];
    const good = [config(hosts, { type: 'worker', index: 1 }), config(hosts, { type: 'worker', index: '0' }), ''];
    const bad = [
      '{',
      '[]',
      config(hosts, { type: 'worker', index: 2 }),
      config(hosts, { type: 'worker', index: -1 }),
      config(hosts, { type: 'chief', index: 0 }),
      config(hosts, { type: 'worker', index: 0 }, { ps: ['c:3'] }),
      config(['a', 'b'], { type: 'worker', index: 0 }),
      config(['a:1', 'a:1'], { type: 'worker', index: 0 }),
      config([], { type: 'worker', index: 0 }),
    ];
    const results = (await runPython(script, [...good, ...bad])) as unknown[];
    const expected = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}';
    const refusal = (text: string) =>
      `TF_CONFIG is ${expected}, with the index of one of the workers. Received: ${text}`;
    expect(results).toEqual([[1, 2], [0, 2], [0, 1], ...bad.map(refusal)]);
  });
});

const onePixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
