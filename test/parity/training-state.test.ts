import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { BackupAndRestore } from '../../src/training/callbacks/backup-and-restore.js';
import { fit } from '../../src/training/fit.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';
import { tinyDataset, tinyModel } from '../helpers/training/tiny-training.js';

const script = `
import json, sys
import tensorflow as tf
request = json.load(sys.stdin)
with open(request['folder'] + '/training_metadata.json') as file:
    state = json.load(file)['state']
reader = tf.train.load_checkpoint(request['folder'] + '/state-%d' % state)
print(json.dumps({key: reader.get_tensor(key).tolist() for key in reader.get_variable_to_shape_map()}))
`;

describe.skipIf(!hasPython())('the state of a training, read by Python TensorFlow', () => {
  it('is a checkpoint with the weights and the variables of the optimizer', async () => {
    const folder = path.join(await temporaryFolder(), 'backup');
    const model = tinyModel(new Adam({ learningRate: 0.25 }));
    const callbacks = [new BackupAndRestore(folder, { deleteCheckpoint: false })];
    await fit(model, tinyDataset(3), { epochs: 2, callbacks });
    const tensors = (await runPython(script, { folder })) as Readonly<Record<string, unknown>>;
    expect(tensors).toMatchObject({
      'weights/000000': model.getWeights()[0]?.arraySync(),
      'weights/000001': model.getWeights()[1]?.arraySync(),
      'optimizer/000000': 6,
      'optimizer/000001': 0.25,
    });
    expect(Object.keys(tensors)).toHaveLength(8);
  });
});
