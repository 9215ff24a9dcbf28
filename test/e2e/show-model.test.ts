import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../src/models/lenet-model.js';
import type { SavedModelDescription } from '../../src/saved-model/describe/describe-saved-model.js';
import { runCommandLine, startCommandLine } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { saveTwoSignatures } from '../helpers/models/save-two-signatures.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let model: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  model = path.join(folder, 'LenetModel', '1');
  await saveTwoSignatures(new LenetModel({ classNames: ['ape', 'bee', 'cat', 'dog'], seed: 5 }), model);
});

describe('show-model', () => {
  it('shows a model, the same way each time, away from a terminal', async () => {
    const { code, stdout, stderr } = await runCommandLine('show-model', ['--model-path', model]);
    expect([code, stderr]).toEqual([0, '']);
    const text = stdout.replaceAll(folder, 'FOLDER').replace(/fingerprint [\da-f-]+/, 'fingerprint UUID');
    expect(text.replace(/\nOps\n[^]*\nVariables\n/, '\nOPS\n\nVariables\n')).toBe(`FOLDER/LenetModel/1
  TensorFlow 2.21.0, graph producer 2000, 109,880 parameters (all trainable),
  429.2 KiB in 10 variables, fingerprint UUID

Signatures (tags: serve)

  serving_bytes  (tensorflow/serving/predict)
    in   image_bytes_string  string[?]      serving_bytes_image_bytes_string:0
    out  output_0            float32[?, 4]  StatefulPartitionedCall_1:0

    printf '{"signature_name": "serving_bytes", "instances": [{"b64": "%s"}]}' "$(base64 < image.jpg | tr -d '\\n')" |
      curl -d @- http://localhost:8501/v1/models/LenetModel:predict

  serving_default  (tensorflow/serving/predict)
    in   input_tensor  float32[?, ?, ?, 3]  serving_default_input_tensor:0
    out  output_0      float32[?, 4]        StatefulPartitionedCall:0

    curl -d '{"instances": [[[[0.5, 0.5, 0.5]]]]}' \\
      http://localhost:8501/v1/models/LenetModel:predict

Functions

  predict_bytes_image(image_bytes_string)
    image_bytes_string: string[?] → float32[?, 4]
  predict_numpy_image(input_tensor)
    input_tensor: float32[?, ?, ?, 3] → float32[?, 4]

OPS

Variables

  conv1/kernel   float32[5, 5, 3, 6]        450
  conv1/bias     float32[6]                   6
  conv2/kernel   float32[3, 3, 6, 16]       864
  conv2/bias     float32[16]                 16
  conv3/kernel   float32[3, 3, 16, 120]  17,280
  conv3/bias     float32[120]               120
  dense1/kernel  float32[1080, 84]       90,720
  dense1/bias    float32[84]                 84
  logits/kernel  float32[84, 4]             336
  logits/bias    float32[4]                   4

Assets

  assets/class_names.txt  16 bytes  asset_path_initializer_0:0

--signature KEY shows one signature with TypeScript and Python to call it, --json everything.
`);
  });

  it('prints JSON for programs', async () => {
    const { code, stdout } = await runInProcess('show-model', ['--model-path', model, '--json']);
    const description = JSON.parse(stdout) as SavedModelDescription;
    expect(code).toBe(0);
    expect(Object.keys(description.metaGraphs[0]?.signatures ?? {})).toEqual(['serving_bytes', 'serving_default']);
    expect(description.variables?.parameters).toBe(109_880);
  });

  it('shows one signature with code to call it', async () => {
    const { code, stdout } = await runInProcess('show-model', ['--model-path', model, '--signature', 'serving_bytes']);
    expect(code).toBe(0);
    for (const part of ['serving_bytes  (', 'printf', 'await fetch("http://localhost:8501', 'tf.saved_model.load(']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).not.toContain('serving_default');
    expect(stdout).not.toContain('Variables');
  });

  it.each([
    {
      args: ['--model-path', 'FOLDER/LenetModel/1', '--signature', 'serving_bites'],
      code: 2,
      says: 'FOLDER/LenetModel/1 has no signature "serving_bites". It has: "serving_bytes", "serving_default".',
    },
    {
      args: ['--model-path', 'FOLDER/nothing'],
      code: 1,
      says: 'FOLDER/nothing is not a SavedModel: it has no readable saved_model.pb. There is no such directory. Give the directory of a version, such as models/LenetModel/1.',
    },
    {
      args: ['--model-path', 'FOLDER/LenetModel'],
      code: 1,
      says: 'FOLDER/LenetModel is not a SavedModel: it has no readable saved_model.pb. Give one of the SavedModels in it: FOLDER/LenetModel/1.',
    },
  ])('answers $args with one message', async ({ args, code, says }) => {
    const result = await runInProcess(
      'show-model',
      args.map((arg) => arg.replace('FOLDER', folder)),
    );
    expect({ ...result, stderr: result.stderr.replaceAll(folder, 'FOLDER') }).toEqual({
      code,
      stdout: '',
      stderr: `show-model: ${says}\n${code === 2 ? 'See show-model --help' : 'Error code: INVALID_SAVED_MODEL'}\n`,
    });
  });

  it('ends quietly when its reader has seen enough', async () => {
    const { child, done } = startCommandLine('show-model', ['--model-path', model, '--json']);
    child.stdout?.destroy();
    expect(await done).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});
