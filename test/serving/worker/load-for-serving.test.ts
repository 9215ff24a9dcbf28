import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it, onTestFinished } from 'vitest';

import { mapFn } from '../../../src/ops/map-fn.js';
import { decodeImage } from '../../../src/ops/decode-image.js';
import { encodeTfRecord } from '../../../src/saved-model/checkpoint/tf-record.js';
import type { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { loadForServing } from '../../../src/serving/worker/load-for-serving.js';
import { Servable } from '../../../src/signatures/servable.js';
import { hasBfloat16 } from '../../../src/tensorflow/precision.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { PredictionLogSchema } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_log_pb.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

class Counter extends Servable {
  readonly calls = tf.variable(tf.scalar(0), false);
  readonly count = tfFunction(
    (x: tf.Tensor) => {
      this.calls.assign(tf.add(this.calls, 1));
      return { sum: tf.add(tf.sum(x), this.calls) };
    },
    { inputSignature: { x: tensorSpec('float32', [null, 4]) } },
  );
}

/** Has enough weights to be worth a comparison. */
class Wide extends Servable {
  readonly kernel = tf.variable(tf.fill([4, 70_000], 0.5), false);
  readonly project = tfFunction(
    (x: tf.Tensor) => ({ sum: tf.sum(tf.matMul(x as tf.Tensor2D, this.kernel as tf.Tensor2D), 1) }),
    { inputSignature: { x: tensorSpec('float32', [null, 4]) } },
  );
}

/** Writes one warm-up request per number for a Wide. */
async function saveWarmupRequests(directory: string, numbers: readonly number[]): Promise<void> {
  const records = numbers.map((number) => {
    const x = {
      dtype: DataType.DT_FLOAT,
      tensorShape: { dim: [{ size: 1n }, { size: 4n }] },
      floatVal: [number, 0, 0, 0],
    };
    const request = { modelSpec: { name: 'any', signatureName: '' }, inputs: { x } };
    const log = create(PredictionLogSchema, { logType: { case: 'predictLog', value: { request } } });
    return encodeTfRecord(toBinary(PredictionLogSchema, log));
  });
  await mkdir(path.join(directory, 'assets.extra'), { recursive: true });
  await writeFile(path.join(directory, 'assets.extra', 'tf_serving_warmup_requests'), Buffer.concat(records));
}

/** Takes strings alone, so it cannot be called on zeros. */
class Means extends Servable {
  readonly means = tfFunction(
    (pictures: tf.Tensor) => ({ mean: mapFn((bytes: tf.Tensor) => decodeImage(bytes).mean(), pictures) }),
    { inputSignature: { pictures: tensorSpec('string', [null]) } },
  );
}

async function load(directory: string): Promise<LoadedSavedModel> {
  const { model } = await loadForServing(directory);
  onTestFinished(() => model.dispose());
  return model;
}

describe('loading a model for serving', () => {
  it('gives a model that computes as it was saved', async () => {
    const model = await load(await saveScale(await temporaryFolder(), 3));
    const x = { dtype: 'float32', shape: [1, 2], values: Float32Array.of(2, 5) } as const;
    expect(model.callValues('serving_default', { x }, ['y'])).toEqual({ y: { ...x, values: Float32Array.of(6, 15) } });
  });

  it('leaves its variables as they were saved, though it was called to be measured', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const counter = new Counter();
    await counter.save(directory, { signatures: { serving_default: counter.count } });
    const model = await load(directory);
    const x = { dtype: 'float32', shape: [1, 4], values: new Float32Array(4) } as const;
    const sum = () => model.callValues('serving_default', { x }).sum?.values;
    expect([sum(), sum()]).toEqual([Float32Array.of(1), Float32Array.of(2)]);
  });

  it('compares constants with variables where there are many weights, and computes the same', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const wide = new Wide();
    await wide.save(directory, { signatures: { serving_default: wide.project } });
    const told: string[] = [];
    const { model } = await loadForServing(directory, { tell: (message) => told.push(message) });
    onTestFinished(() => model.dispose());
    expect(told).toEqual([
      expect.stringMatching(
        /^computes with (?:constants instead of )?its variables: a call takes [\d.]+ ms, [\d.]+ ms the other way\.$/,
      ),
    ]);
    const x = { dtype: 'float32', shape: [1, 4], values: Float32Array.of(1, 2, 3, 4) } as const;
    expect(model.callValues('serving_default', { x }).sum?.values).toEqual(Float32Array.of(350_000));
  });

  it('loads one that takes strings alone', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const servable = new Means();
    await servable.save(directory, { signatures: { means: servable.means } });
    const { signatures } = await load(directory);
    expect(Object.keys(signatures)).toContain('means');
  });

  it('is measured in both precisions for auto, on its warm-up requests where it has some', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const wide = new Wide();
    await wide.save(directory, { signatures: { serving_default: wide.project } });
    const takesTimes = String.raw`[\d.]+ ms in float32 and [\d.]+ ms in bfloat16; the outputs are [\d.]+ % apart at most`;
    const measured = await loadForServing(directory, { precision: 'auto' });
    measured.model.dispose();
    const { precision, trial, note } = measured.precision;
    if (!hasBfloat16()) {
      expect(trial).toBeNull();
      return;
    }
    expect(trial).toMatchObject({ requests: 1, areRecorded: false });
    expect(note).toMatch(new RegExp(`^computes in ${precision}: a request of made-up numbers takes ${takesTimes}\\.$`));
    await saveWarmupRequests(directory, [1, 2, 3]);
    const recorded = await loadForServing(directory, { precision: 'auto' });
    recorded.model.dispose();
    expect(recorded.precision.trial).toMatchObject({ requests: 3, areRecorded: true });
    expect(recorded.precision.note).toMatch(/: its 3 warm-up requests take /);
  });

  it('computes in bfloat16 where that is asked for, and answers float32', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const wide = new Wide();
    wide.kernel.assign(tf.randomNormal([4, 70_000], 0, 1, 'float32', 5));
    await wide.save(directory, { signatures: { serving_default: wide.project } });
    const x = { dtype: 'float32', shape: [1, 4], values: Float32Array.of(1, 2, 3, 4) } as const;
    const answers: number[] = [];
    for (const precision of ['float32', 'bfloat16'] as const) {
      const loaded = await loadForServing(directory, { precision });
      const { sum } = loaded.model.callValues('serving_default', { x });
      loaded.model.dispose();
      expect(loaded.precision.precision).toBe(precision);
      expect(sum?.dtype).toBe('float32');
      answers.push(Number(sum?.values[0]));
    }
    const [float32 = NaN, bfloat16 = NaN] = answers;
    expect(Math.abs(bfloat16 / float32 - 1)).toBeLessThan(0.1);
    if (hasBfloat16()) expect(bfloat16).not.toBe(float32);
  });

  it('stays in float32 with auto where a call changes the model, or cannot be made up', async () => {
    const notes: (string | null)[] = [];
    const folder = await temporaryFolder();
    const [counter, means] = [new Counter(), new Means()];
    await counter.save(path.join(folder, '1'), { signatures: { serving_default: counter.count } });
    await means.save(path.join(folder, '2'), { signatures: { means: means.means } });
    for (const version of ['1', '2']) {
      const { model, precision } = await loadForServing(path.join(folder, version), { precision: 'auto' });
      model.dispose();
      expect(precision).toMatchObject({ precision: 'float32', trial: null });
      notes.push(precision.note);
    }
    if (hasBfloat16())
      expect(notes).toMatchInlineSnapshot(`
      [
        "computes in float32: a call changes its state, so that none can be made to measure it.",
        "computes in float32: it has no warm-up requests to measure, and takes strings, which cannot be made up.",
      ]
    `);
  });

  it("says what is wrong with a directory in the loader's words", async () => {
    await expect(loadForServing(await temporaryFolder())).rejects.toHaveProperty('code', 'INVALID_SAVED_MODEL');
  });
});
