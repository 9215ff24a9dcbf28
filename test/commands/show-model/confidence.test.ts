import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { showModelText } from '../../../src/commands/show-model/print.js';
import { showModel } from '../../../src/commands/show-model/run.js';
import { keepEvaluation } from '../../../src/commands/train-model/kept-evaluation.js';
import { SmallClassifier } from '../../helpers/models/small-classifier.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const date = '2026-03-01T14:05:00.000Z';

async function saved(multiLabel: boolean, settings: Parameters<SmallClassifier['setConfidence']>[0] = {}) {
  const modelPath = path.join(await temporaryFolder(), 'SmallClassifier', '1');
  const model = new SmallClassifier({ classNames: ['cat', 'dog'], seed: 1, multiLabel });
  model.setConfidence(settings);
  await model.save(modelPath);
  model.dispose();
  return modelPath;
}

async function confidenceSection(modelPath: string, signature?: string): Promise<string | undefined> {
  const text = showModelText(await showModel({ modelPath, signature }), { oneSignature: signature !== undefined });
  return text.split('\nConfidence\n')[1];
}

describe('show-model', () => {
  it('says how far to trust the answers, and what thresholds leave of them', async () => {
    const modelPath = await saved(false, {
      temperature: 1.25,
      sure: { targetAccuracy: 0.95, threshold: 0.8125 },
      known: { centroids: 0, typicalDistance: 0, farDistance: 0, threshold: 0.4 },
    });
    const thresholds = [
      { threshold: 0, answered: 1, accuracy: 0.875 },
      { threshold: 0.9, answered: 0.5, accuracy: 1 },
      { threshold: 0.99, answered: 0, accuracy: null },
    ];
    await keepEvaluation(modelPath, { accuracy: 0.875, thresholds, date });
    expect(await confidenceSection(modelPath)).toMatchInlineSnapshot(`
      "
        probabilities are of the logits divided by 1.250
        answers are sure from a confidence of 0.8125, for an accuracy of 0.95
        images are known from a score of 0.4000, by the confidence alone

        on the test set of its training, 2026-03-01: accuracy 0.8750
        confidence from  answered  accuracy
        0.00               1.0000    0.8750
        0.90               0.5000    1.0000
        0.99               0.0000         –

      --signature KEY shows one signature with TypeScript and Python to call it, --json everything.
      "
    `);
    expect(await confidenceSection(modelPath, 'serving_bytes')).toBeUndefined();
    expect((await showModel({ modelPath })).confidence?.evaluation?.thresholds).toEqual(thresholds);
  });

  it('lists the thresholds of a multi-label model', async () => {
    const modelPath = await saved(true);
    await keepEvaluation(modelPath, { accuracy: 0.9, meanAveragePrecision: 0.75, date });
    expect(await confidenceSection(modelPath)).toMatchInlineSnapshot(`
      "
        class  from a probability of
        cat                   0.5000
        dog                   0.5000

        on the test set of its training, 2026-03-01: mAP 0.7500

      --signature KEY shows one signature with TypeScript and Python to call it, --json everything.
      "
    `);
  });

  it('says nothing where nothing is known', async () => {
    expect(await confidenceSection(await saved(false))).toBeUndefined();
  });
});
