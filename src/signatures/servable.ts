import { restoreVariables } from '../saved-model/read/restore-variables.js';
import { variablesOfParts } from '../saved-model/write/saved-model-parts.js';
import { saveServable, type SaveServableOptions } from './save-servable.js';
import { servableMark, Tracker } from './track-object.js';

/**
 * A class that becomes a SavedModel: its tf functions are served, its variables and assets are saved with them.
 *
 * Modelled on `tf.Module`. What its fields hold is exported under the fields' names in snake_case: tf functions as methods that Python can call,
 * `tf.Variable`s, assets, nested Servables and layers models, and lists and plain objects of these. Private fields (`#name`) are not exported by
 * name, but what functions use of them is saved all the same.
 *
 * @example
 * ```ts
 * class Adder extends Servable {
 *   readonly sumTwo = tfFunction((x: tf.Tensor) => x.add(2), { inputSignature: { x: tensorSpec('float32', [null, 3]) } });
 * }
 * const adder = new Adder();
 * await adder.save('models/adder/1', { signatures: { serving_default: adder.sumTwo } });
 * ```
 */
export abstract class Servable {
  /**
   * Marks Servables, including those of another copy of this package.
   * @internal
   */
  protected readonly [servableMark] = true;

  /**
   * Writes a SavedModel. The directory appears whole or not at all.
   *
   * @param directory Replaced if it exists. TensorFlow Serving wants a number for its last part.
   * @throws SignetError `NOT_TRACEABLE`, `INVALID_SIGNATURE`, `INVALID_ASSET`, `CANNOT_WRITE`.
   */
  async save(directory: string, options: SaveServableOptions): Promise<void> {
    await saveServable(this, directory, options);
  }

  /**
   * Gives the variables the values that they had when an object of this class was saved.
   *
   * @throws SignetError `INVALID_SAVED_MODEL` that lists what does not fit; then nothing has been changed.
   */
  async restore(directory: string): Promise<void> {
    const root = new Tracker().track(this);
    await restoreVariables(variablesOfParts({ ...root, signatures: {} }), directory);
  }
}
