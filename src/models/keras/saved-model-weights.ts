import { SignetError } from '../../errors.js';
import { readCheckpoint, type Checkpoint, type VariableInfo } from '../../saved-model/read/read-variables.js';
import { readSavedModel } from '../../saved-model/read/read-saved-model.js';
import type { KerasLayer, KerasWeight, KerasWeightFile } from './keras-layer.js';

/** The order in which Keras's layers create their weights. */
const weightOrder = [
  ...['kernel', 'depthwise_kernel', 'pointwise_kernel', 'recurrent_kernel', 'embeddings', 'bias'],
  ...['gamma', 'beta', 'moving_mean', 'moving_variance'],
];

/**
 * Opens a SavedModel for its layers' weights: one that Signet wrote, or one that `model.export` or `tf.saved_model.save` of Keras did.
 *
 * A variable is named after its layer there: `conv1/kernel`. Keras tracks its variables in several lists, and the checkpoint may hold one several
 * times; the list `variables` is taken. The state of optimizers and metrics is left out.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the directory is not a SavedModel, or is damaged.
 */
export async function openSavedModelWeights(directory: string): Promise<KerasWeightFile> {
  const checkpoint = await readCheckpoint(directory, await readSavedModel(directory));
  if (checkpoint === null || checkpoint.variables.length === 0) {
    throw new SignetError('INVALID_SAVED_MODEL', `${directory} has no variables, so no weights to start from.`);
  }
  return { layers: layersOf(checkpoint), isOrdered: false, close: () => undefined };
}

function layersOf(checkpoint: Checkpoint): KerasLayer[] {
  // Weights are floating-point numbers; the state of random layers and counters is not.
  const ofModel = checkpoint.variables.filter(
    ({ key, dtype }) => dtype.includes('float') && !/(^|\/)(optimizer|keras_api)\/|\.OPTIMIZER_SLOT/.test(key),
  );
  // The thresholds of a multi-label classifier and the centroids of known images belong to no layer.
  const listed = ofModel.filter(
    ({ key, name }) => key.startsWith('variables/') && !/^(?:thresholds|known_centroids)(?:_\d+)?$/.test(name),
  );
  const layers = new Map<string, VariableInfo[]>();
  for (const variable of listed.length > 0 ? listed : ofModel) {
    const { layer } = placeOf(variable);
    layers.set(layer, [...(layers.get(layer) ?? []), variable]);
  }
  return [...layers].map(([name, variables]) => ({
    name,
    weights: variables.toSorted(inWeightOrder).map((variable) => weightOf(variable, checkpoint)),
  }));
}

/** `backbone/conv1/kernel:0` is the `kernel` of `conv1`; TF.js numbers the variables of a second instance, `conv1/kernel_1`. */
function placeOf({ name }: VariableInfo): { layer: string; weight: string } {
  const parts = name.replace(/:0$/, '').split('/');
  const weight = (parts.pop() ?? '').replace(/_\d+$/, '');
  return { layer: parts.at(-1) ?? '', weight };
}

function inWeightOrder(a: VariableInfo, b: VariableInfo): number {
  const rank = (variable: VariableInfo) => {
    const position = weightOrder.indexOf(placeOf(variable).weight);
    return position === -1 ? weightOrder.length : position;
  };
  const number = ({ key }: VariableInfo) => Number(/\d+/.exec(key)?.[0] ?? 0);
  return rank(a) - rank(b) || number(a) - number(b);
}

function weightOf({ key, shape, dtype }: VariableInfo, { bundle }: Checkpoint): KerasWeight {
  const read = async () => {
    const values = await bundle.read(key);
    if (values instanceof Float32Array) return values;
    if (values instanceof Float64Array) return Float32Array.from(values);
    throw new Error(`${key} holds ${dtype}, not floating-point numbers`);
  };
  return { path: key, shape, read };
}
