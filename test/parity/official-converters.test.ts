import { readFile } from 'node:fs/promises';
import path from 'node:path';

import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';

import { LenetModel, tf } from '../../src/index.js';
import { hasPython, runPython, runPythonTool } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Converts a signature, and returns the largest difference of logits between the file and the SavedModel. */
const convertToLite = `
import json, sys
import numpy as np
import tensorflow as tf
given = json.load(sys.stdin)
converter = tf.lite.TFLiteConverter.from_saved_model(given["directory"], signature_keys=[given["signature"]])
runner = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()
(name, details), = runner.get_input_details().items()
pixels = np.random.RandomState(0).randint(0, 256, (2, 40, 52, 3)).astype(details["dtype"])
expected = tf.saved_model.load(given["directory"]).signatures[given["signature"]](tf.constant(pixels))
found = runner(**{name: pixels})
print(json.dumps({key: float(np.abs(found[key] - expected[key].numpy()).max()) for key in found if found[key].dtype == np.float32}))
`;

describe.skipIf(!hasPython())("other people's converters take a SavedModel of Signet", () => {
  let directory: string;
  let model: LenetModel;

  beforeAll(async () => {
    directory = path.join(await temporaryFolderForAll(), '1');
    model = new LenetModel({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
    await model.save(directory);
  });

  it.each(['serving_default', 'serving_uint8'])('TFLiteConverter: %s', async (signature) => {
    const differences = (await runPython(convertToLite, { directory, signature })) as Record<string, number>;
    expect(Object.keys(differences).length).toBeGreaterThan(0);
    for (const difference of Object.values(differences)) expect(difference).toBeLessThan(1e-4);
  });

  it('tf2onnx: serving_default', async () => {
    const file = path.join(directory, '..', 'model.onnx');
    const from = ['--saved-model', directory, '--signature_def', 'serving_default'];
    await runPythonTool('python', ['-m', 'tf2onnx.convert', ...from, '--opset', '18', '--output', file]);
    const session = await ort.InferenceSession.create(await readFile(file), { logSeverityLevel: 3 });
    const pixels = tf.randomUniform<tf.Rank.R4>([2, 40, 52, 3], 0, 255, 'float32', 1);
    const [input = ''] = session.inputNames;
    const results = await session.run({
      [input]: new ort.Tensor('float32', pixels.dataSync<'float32'>(), pixels.shape),
    });
    await session.release();
    const found = results[session.outputNames[0] ?? '']?.data as Float32Array;
    const expected = model.predictNumpyImage(pixels).dataSync();
    expected.forEach((value, i) => expect(Math.abs(value - (found[i] ?? NaN))).toBeLessThan(1e-4));
  });
});
