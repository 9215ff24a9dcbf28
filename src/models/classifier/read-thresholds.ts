import { SignetError } from '../../errors.js';
import { readSavedModel } from '../../saved-model/read/read-saved-model.js';
import { readCheckpoint } from '../../saved-model/read/read-variables.js';

/**
 * Reads the thresholds of a multi-label classifier on disk: for each class the probability from which on an image has it.
 *
 * The variable is found by its name in the object graph. Its position among the checkpoint's variables says nothing, since their keys sort 10 before
 * 2.
 *
 * @param classes Number of classes.
 * @throws SignetError `INVALID_SAVED_MODEL` when it has none, or not one for each class.
 */
export async function readThresholds(directory: string, classes: number): Promise<Float32Array> {
  const checkpoint = await readCheckpoint(directory, await readSavedModel(directory));
  const nodes = checkpoint?.objectGraph?.nodes ?? [];
  const child = nodes[0]?.children.find(({ localName }) => localName === 'thresholds');
  const value = nodes[child?.nodeId ?? -1]?.attributes.find(({ name }) => name === 'VARIABLE_VALUE');
  const entry = checkpoint?.bundle.entries.get(value?.checkpointKey ?? '');
  const isOnePerClass = entry?.shape.length === 1 && entry.shape[0] === classes;
  const values = entry && isOnePerClass ? await checkpoint?.bundle.read(entry.key) : null;
  if (values instanceof Float32Array) return values;
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${directory} is a multi-label classifier without thresholds: the variable "thresholds", float32[${classes}], is missing. ` +
      'Copy or save the model again.',
  );
}
