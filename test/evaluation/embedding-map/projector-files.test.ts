import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { expect, it } from 'vitest';

import { writeProjectorFiles } from '../../../src/evaluation/embedding-map/projector-files.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

it('writes vectors, classes and pictures as the projector of TensorBoard reads them, whatever classes are called', async () => {
  const folder = await temporaryFolder();
  const picture = async (name: string, width: number, height: number, background: string) => {
    const file = path.join(folder, name);
    await writeFile(file, await sharp({ create: { width, height, channels: 3, background } }).png().toBuffer()); // prettier-ignore
    return { path: file, label: 0, format: 'png', width, height, sizeBytes: 1 } as const;
  };
  const red = await picture('red\t1.png', 4, 2, 'red');
  const images = [
    { image: red, labels: [0], predicted: [0] },
    { image: { ...red, path: path.join(folder, 'gone.png') }, labels: [1], predicted: [] },
    { image: await picture('2.png', 2, 4, 'blue'), labels: [0, 1], predicted: [1] },
  ];
  const run = path.join(folder, 'logs', 'train');
  const vectors = Float32Array.of(1, -2.5, 0.1, 1 / 3, 1e-9, 12345678);
  await writeProjectorFiles(run, { images, vectors, evaluated: 3 }, { classNames: ['cat\n', 'dog'] });
  const names = ['embeddings-metadata.tsv', 'embeddings-sprite.png', 'embeddings.tsv', 'projector_config.pbtxt'];
  expect((await readdir(run)).toSorted()).toEqual(names);
  const text = (name: string) => readFile(path.join(run, name), 'utf8');
  expect(await text('embeddings.tsv')).toBe('1\t-2.5\n0.1\t0.3333333\n1e-9\t12345680\n');
  expect(await text('embeddings-metadata.tsv')).toBe(
    [
      'class\tpredicted\tresult\tfile',
      'cat\\n\tcat\\n\tright\tred\\t1.png',
      'dog\tno class\tmistaken\tgone.png',
      'cat\\n, dog\tdog\tmistaken\t2.png',
      '',
    ].join('\n'),
  );
  expect(await text('projector_config.pbtxt')).toMatchInlineSnapshot(`
    "embeddings {
      tensor_name: "test images"
      tensor_path: "embeddings.tsv"
      metadata_path: "embeddings-metadata.tsv"
      sprite {
        image_path: "embeddings-sprite.png"
        single_image_dim: 4
        single_image_dim: 4
      }
    }
    "
  `);
  const { data, info } = await sharp(path.join(run, 'embeddings-sprite.png')).raw().toBuffer({ resolveWithObject: true }); // prettier-ignore
  expect([info.width, info.height]).toEqual([8, 8]);
  const at = (row: number, column: number) => [...data.subarray((row * 8 + column) * 3, (row * 8 + column + 1) * 3)];
  expect([at(0, 0), at(1, 0), at(2, 6), at(4, 0), at(6, 1)]).toEqual([
    ...[[0, 0, 0], [255, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 255]], // prettier-ignore
  ]);
});
