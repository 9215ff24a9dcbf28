import { SignetError } from '../errors.js';
import { fasterPrecision, type Measured, trialImages } from '../saved-model/run/faster-precision.js';
import type { Precision, PrecisionChoice } from '../tensorflow/precision.js';
import * as tf from '../tensorflow/tf.js';
import { FeatureNetwork } from './features/feature-network.js';
import { findFrozenPrefix, type FrozenPrefix } from './features/frozen-prefix.js';
import { TrialStep } from './steps/trial-step.js';

/**
 * Decides in which precision a model is trained. For `auto` a training step is measured or, if the first layers are frozen so that they are computed
 * once, those layers. The model does not change.
 *
 * @param model Compiled (`model.compile`), or with frozen first layers.
 * @param onNote Called with what `auto` chose.
 */
export async function choosePrecision(
  model: tf.LayersModel,
  asked: PrecisionChoice,
  onNote: (note: string) => void,
): Promise<Precision> {
  if (asked !== 'auto') return asked;
  if (model.inputs.some(({ shape }) => shape.slice(1).includes(null))) {
    onNote('the model takes images of any size, for which nothing is measured ahead: it computes in float32');
    return 'float32';
  }
  const prefix = findFrozenPrefix(model);
  const of = `of ${trialImages} images`;
  try {
    return await (prefix
      ? fasterPrecision(asked, {
          what: `the frozen part ${of}`,
          make: (precision) => frozenPart(model, prefix, precision),
          onNote,
        })
      : fasterPrecision(asked, {
          what: `a training step ${of}`,
          make: (precision) => trainingStep(model, precision),
          onNote,
        }));
  } catch (error) {
    // `fit` reports this, and trains op by op.
    if (error instanceof SignetError && error.code === 'NOT_TRACEABLE') return 'float32';
    throw error;
  }
}

function trainingStep(model: tf.LayersModel, precision: Precision): Promise<Measured> {
  return TrialStep.compile(model, trialImages, {
    classWeight: {},
    augmentation: null,
    precision,
    onNote: () => undefined,
  });
}

async function frozenPart(model: tf.LayersModel, prefix: FrozenPrefix, precision: Precision): Promise<Measured> {
  const network = new FeatureNetwork(model, prefix, { precision });
  await network.open();
  const images = tf.zeros([trialImages, ...(model.inputs[0]?.shape.slice(1) as number[])]);
  const run = () => {
    const features = network.run(images);
    features.dataSync();
    features.dispose();
  };
  const dispose = () => {
    network.dispose();
    images.dispose();
  };
  return { run, dispose };
}
