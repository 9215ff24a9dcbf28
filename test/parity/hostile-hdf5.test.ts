import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { openKerasWeightFile } from '../../src/models/keras/keras-weight-file.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;

/** What h5py can write and h5wasm cannot. Each file has a layer whose second variable is, or would be, the secret. */
const script = `
import json, os, sys
import h5py, numpy as np
folder = json.load(sys.stdin)
os.chdir(folder)
with h5py.File('secret.h5', 'w') as file:
    file['secret'] = np.full(16, 42, '<f4')

def write(name, fill):
    with h5py.File(name, 'w') as file:
        variables = file.create_group('layers/dense/vars')
        variables['0'] = np.ones(16, '<f4')
        fill(file, variables)

def external(place):
    return lambda file, variables: variables.create_dataset('1', shape=(16,), dtype='<f4', external=[(place, 0, 64)])

def virtual(place):
    def fill(file, variables):
        layout = h5py.VirtualLayout(shape=(16,), dtype='<f4')
        layout[:] = h5py.VirtualSource(place, 'secret', shape=(16,))
        variables.create_virtual_dataset('1', layout)
    return fill

def link(place):
    def fill(file, variables):
        variables['1'] = h5py.ExternalLink(place, '/secret')
    return fill

def group_link(file, variables):
    file['layers']['other'] = h5py.ExternalLink(folder + '/secret.h5', '/')

write('storage-absolute.weights.h5', external(folder + '/secret.bin'))
write('storage-relative.weights.h5', external('secret.bin'))
write('storage-proc.weights.h5', external('/proc/self/environ'))
write('virtual-absolute.weights.h5', virtual(folder + '/secret.h5'))
write('virtual-relative.weights.h5', virtual('secret.h5'))
write('link-absolute.weights.h5', link(folder + '/secret.h5'))
write('link-group.weights.h5', group_link)
print('{}')
`;

describe.skipIf(!hasPython())('a weight file that names another file', () => {
  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    await writeFile(path.join(folder, 'secret.bin'), Buffer.from(new Float32Array(16).fill(42).buffer));
    await runPython(script, folder);
  });

  it.each([
    ...['storage-absolute', 'storage-relative', 'storage-proc', 'virtual-absolute', 'virtual-relative'],
    ...['link-absolute', 'link-group'],
  ])('gets nothing of it: %s', async (name) => {
    const read = async () => {
      const file = await openKerasWeightFile(path.join(folder, `${name}.weights.h5`));
      try {
        const weights = file.layers.flatMap((layer) => layer.weights);
        return await Promise.all(weights.map(async (each) => [...(await each.read())]));
      } finally {
        file.close();
      }
    };
    const values = await read().catch((error: unknown) => (error as { code: string }).code);
    // A virtual dataset whose source is not there is filled with zeros.
    const seen = typeof values === 'string' ? [] : values.slice(1).flat();
    expect(seen.filter((value) => value !== 0)).toEqual([]);
    if (typeof values === 'string') expect(values).toBe('INVALID_WEIGHTS');
  });
});
