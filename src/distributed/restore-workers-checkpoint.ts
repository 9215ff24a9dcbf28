import { SignetError, wordsOf } from '../errors.js';
import { readTensorBundle, type TensorBundle } from '../saved-model/checkpoint/read-tensor-bundle.js';
import { readObjectGraph } from '../saved-model/read/read-variables.js';
import { dataTypeOf } from '../tensorflow/data-type.js';
import * as tf from '../tensorflow/tf.js';

/** Variables by the name of their list in the export: `weights` and `slots`, see `trainingFunctions`. */
export type VariableLists = Readonly<Record<string, readonly tf.Variable[]>>;

/** A variable, and the key of its value in the checkpoint. */
type Place = readonly [variable: tf.Variable, key: string];

/**
 * Gives variables the values that the workers of a distributed training kept after an epoch. If one of them does not fit, none is changed.
 *
 * @param prefix The checkpoint's path up to `.index`: `OUTPUT.training/epoch-7`.
 * @throws SignetError `INVALID_TRAINING_STATE` when it is damaged, or of another model or optimizer.
 */
export async function restoreWorkersCheckpoint(prefix: string, lists: VariableLists): Promise<void> {
  try {
    const bundle = await readTensorBundle(prefix);
    const places: Place[] = [];
    for (const [name, variables] of Object.entries(lists)) places.push(...(await placesOf(bundle, name, variables)));
    await assignAll(bundle, places);
  } catch (error) {
    const words = wordsOf(error);
    throw new SignetError(
      'INVALID_TRAINING_STATE',
      `Cannot resume from checkpoint ${prefix}: ${words} Copy the folder of the training again, or begin again.`,
      { cause: error },
    );
  }
}

/** @throws SignetError unless the checkpoint has a value of its type and shape for every variable. */
async function placesOf(bundle: TensorBundle, name: string, variables: readonly tf.Variable[]): Promise<Place[]> {
  const keys = await keysOf(bundle, name);
  if (keys.length !== variables.length) throw differs(name, `${variables.length} variables`, String(keys.length));
  return variables.map((variable, i) => {
    const key = keys[i] ?? '';
    const entry = bundle.entries.get(key);
    const { dtype, shape } = variable;
    const fits = entry?.dataType === dataTypeOf(dtype) && tf.util.arraysEqual([...entry.shape], shape);
    if (!fits)
      throw differs(name, `${dtype}[${shape.join(', ')}] at ${i}`, entry ? `[${entry.shape.join(', ')}]` : 'nothing');
    return [variable, key];
  });
}

/** The keys of a list of the root object, in its order. */
async function keysOf(bundle: TensorBundle, name: string): Promise<string[]> {
  const nodes = (await readObjectGraph(bundle))?.nodes ?? [];
  const child = (of: number | undefined, localName: string) =>
    nodes[of ?? -1]?.children.find((each) => each.localName === localName)?.nodeId;
  const list = child(0, name);
  return (nodes[list ?? -1]?.children ?? []).map((_, i) => {
    const attributes = nodes[child(list, String(i)) ?? -1]?.attributes ?? [];
    return attributes.find((each) => each.name === 'VARIABLE_VALUE')?.checkpointKey ?? '';
  });
}

async function assignAll(bundle: TensorBundle, places: readonly Place[]): Promise<void> {
  const values: tf.Tensor[] = [];
  try {
    for (const [{ shape, dtype }, key] of places)
      values.push(tf.tensor((await bundle.read(key)) as Float32Array, shape, dtype));
    for (const [i, [variable]] of places.entries()) {
      const value = values[i];
      if (value) variable.assign(value);
    }
  } finally {
    tf.dispose(values);
  }
}

function differs(name: string, expected: string, received: string): SignetError {
  return new SignetError(
    'INVALID_TRAINING_STATE',
    `the list ${name} belongs to another model or optimizer. Expected: ${expected}. Received: ${received}.`,
  );
}
