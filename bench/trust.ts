import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { evalModel } from '../src/commands/eval-model/run.js';
import { trainModel } from '../src/commands/train-model/run.js';
import { isMultiLabelResult } from '../src/evaluation/multi-label/multi-label-metrics.js';
import { areaUnderRoc } from './trust/area-under-roc.js';
import { embedFolder, recognizeFolder, type Recognized } from './trust/recognize-folder.js';
import { exactCalibration } from './trust/exact-calibration.js';
import { calibrationByFolds, holdOutClasses } from './trust/hold-out-classes.js';

/**
 * `npm run bench:trust -- --train FOLDER --test FOLDER --unrelated FOLDER ...`: how far a model's confidence can be trusted after `train-model` with
 * its defaults. The calibration error on the test set, next to that of perfectly calibrated classifiers; and how well pictures that belong to no
 * class are recognized: those of each `--unrelated` folder, and those of each class of the test set with a head that was trained without it, on the
 * same features.
 *
 * docs/benchmarks.md has the figures for Debian's packages tuxpaint-stamps-default and openclipart-png. `--most 800` limits the pictures of a folder,
 * which are then picked evenly.
 */
const { values } = parseArgs({
  options: {
    train: { type: 'string' },
    test: { type: 'string' },
    unrelated: { type: 'string', multiple: true, default: [] },
    'model-type': { type: 'string', default: 'EfficientNetLiteModel' },
    most: { type: 'string', default: '800' },
    model: { type: 'string' },
  },
});
const { train, test, unrelated } = values;
const most = Number(values.most);
if (train === undefined || test === undefined) {
  throw new Error('Give the folders of photographs, a folder per class in each: -- --train FOLDER --test FOLDER');
}
const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
try {
  const directory = values.model ?? (await trained(train, test));
  const { signatures } = await evalModel({ testDatasetPath: test, modelPath: directory });
  const { serving_default: result } = signatures;
  if (isMultiLabelResult(result)) throw new Error('Give photographs of one class each.');
  const { accuracy, calibration } = result;
  line('accuracy', accuracy);
  line(`calibration error, temperature ${calibration?.temperature ?? 1}`, calibration?.expectedCalibrationError);
  const own = await recognizeFolder(directory, test, Infinity);
  const exact = exactCalibration(own.confidence);
  line('  that chance alone gives, by the formula', calibration?.errorByChance);
  line('  in 4,000 draws of which images are right', exact.mean);
  line('  at most in 19 of 20 cases, by the formula', calibration?.errorByChanceLimit);
  line('  in the draws', exact.high);
  line('  at least in 19 of 20 draws', exact.low);
  await compareUnrelated(directory, own);
  const embedded = { train: await embedFolder(directory, train), test: await embedFolder(directory, test) };
  const folds = await calibrationByFolds(embedded);
  line('calibration error of five folds of all images', folds.expectedCalibrationError);
  line('  that chance alone gives', folds.errorByChance);
  line('  at most in 19 of 20 cases', folds.errorByChanceLimit);
  const held = await holdOutClasses(directory, embedded);
  for (const { className, area } of held) line(`AUROC without ${className}`, area);
  line(`AUROC, mean of ${held.length} classes left out`, held.reduce((sum, { area }) => sum + area, 0) / held.length);
} finally {
  await rm(folder, { recursive: true });
}

async function trained(trainDatasetPath: string, testDatasetPath: string): Promise<string> {
  const options = { trainDatasetPath, testDatasetPath, modelFolderPath: folder, modelType: values['model-type'] };
  const { directory, seconds } = await trainModel(options);
  line('seconds to train', seconds);
  return directory;
}

/** Prints how well the pictures of each folder are distinguished from those of the test set. */
async function compareUnrelated(directory: string, own: Recognized): Promise<void> {
  line('test images that are known', own.knownShare);
  for (const each of unrelated) {
    const others = await recognizeFolder(directory, each, most);
    const name = path.basename(each);
    line(`AUROC against ${name} (${others.images} pictures)`, areaUnderRoc(own.score, others.score));
    line(`  by the confidence alone`, areaUnderRoc(own.confidence, others.confidence));
    line(`  of them unknown`, 1 - others.knownShare);
  }
}

function line(name: string, value: number | undefined): void {
  console.log(`${name.padEnd(56)} ${value?.toFixed(4) ?? '–'}`);
}
