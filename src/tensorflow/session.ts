import { SignetError } from '../errors.js';
import { backend } from './backend.js';
import { tensorflowError } from './run-op.js';
import type * as tf from './tf.js';

/** A graph with its variables, loaded from a SavedModel directory by TensorFlow's C++ loader. */
export class Session {
  #id: number | null;

  private constructor(id: number) {
    this.#id = id;
  }

  /**
   * @param directory The SavedModel: it may be deleted once this returns.
   * @param tags Which of its meta graphs; `serve` is the one that is served.
   * @throws SignetError `INVALID_SAVED_MODEL` with TensorFlow's own words.
   */
  static load(directory: string, tags: readonly string[] = ['serve']): Session {
    try {
      return new Session(backend.binding.loadSavedModel(directory, tags.join(',')));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new SignetError('INVALID_SAVED_MODEL', `TensorFlow could not load ${directory}: ${words}`, {
        cause: error,
      });
    }
  }

  /**
   * Runs the graph once. Blocks the thread until it is done.
   *
   * @param feeds Tensors by the names they have in the graph, such as `serving_default_input_tensor:0`.
   * @param fetches Names of the tensors to compute.
   * @returns The fetched tensors in that order; the caller owns them.
   */
  run(feeds: ReadonlyMap<string, tf.Tensor>, fetches: readonly string[]): tf.Tensor[] {
    if (this.#id === null) throw new SignetError('INVALID_ARGUMENT', 'The session has been disposed of.');
    const ids = backend.getInputTensorIds([...feeds.values()]);
    try {
      return backend.binding
        .runSavedModel(this.#id, ids, [...feeds.keys()].join(','), fetches.join(','))
        .map((metadata) => backend.createOutputTensor(metadata));
    } catch (error) {
      throw tensorflowError('the graph', error);
    }
  }

  /** Frees the graph and its variables. */
  dispose(): void {
    if (this.#id === null) return;
    backend.binding.deleteSavedModel(this.#id);
    this.#id = null;
  }
}
