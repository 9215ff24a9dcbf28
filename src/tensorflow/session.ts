import { SignetError, wordsOf } from '../errors.js';
import { backend } from './backend.js';
import { dataTypeOf, type DType } from './data-type.js';
import { dataTypeInTfjs } from './mended/honest-types.js';
import { tensorflowError } from './run-op.js';
import { type SessionConfig, sessionConfig } from './session-config.js';
import { castId, createTensorId, takeTensorValue, type TensorValue } from './tensor-value.js';
import type * as tf from './tf.js';

/** A tensor for a placeholder of a type; for uint8 and int64 it is an int32 tensor, which TF.js has instead. */
export interface Feed {
  readonly tensor: tf.Tensor;
  readonly dtype: DType;
}

/** How a session is loaded. */
export interface SessionOptions extends SessionConfig {
  /** Which of the SavedModel's meta graphs. Default: `serve`, the one that is served. */
  readonly tags?: readonly string[];
}

/** A graph with its variables, loaded from a SavedModel directory by TensorFlow's C++ loader. */
export class Session {
  #id: number | null;

  private constructor(id: number) {
    this.#id = id;
  }

  /**
   * @param directory The SavedModel: it may be deleted once this returns.
   * @throws SignetError `INVALID_SAVED_MODEL` with TensorFlow's own words.
   */
  static load(directory: string, { tags = ['serve'], ...config }: SessionOptions = {}): Session {
    const bytes = sessionConfig(config);
    try {
      backend.binding.setSessionConfig(bytes);
      return new Session(backend.binding.loadSavedModel(directory, tags.join(',')));
    } catch (error) {
      const words = wordsOf(error);
      throw new SignetError('INVALID_SAVED_MODEL', `TensorFlow could not load ${directory}: ${words}`, {
        cause: error,
      });
    }
  }

  /** Takes a session that another thread has offered. Each disposes of its own; the last one frees the graph. */
  static take(offer: number): Session {
    return new Session(backend.binding.takeSavedModel(offer));
  }

  /**
   * Offers the session to another thread, which may run it at the same time.
   *
   * @returns A number for that thread's `Session.take`, which it must call once: the session is not freed before.
   */
  offer(): number {
    if (this.#id === null) throw disposed();
    return backend.binding.offerSavedModel(this.#id);
  }

  /**
   * Runs the graph once. Blocks the thread until it is done.
   *
   * @param feeds Tensors by the names they have in the graph, such as `serving_default_input_tensor:0`.
   * @param fetches Names of the tensors to compute.
   * @returns The fetched tensors in that order; the caller owns them.
   */
  run(feeds: ReadonlyMap<string, Feed>, fetches: readonly string[]): tf.Tensor[] {
    if (this.#id === null) throw disposed();
    const cast: number[] = [];
    try {
      const ids = [...feeds.values()].map((feed) => feedId(feed, cast));
      return backend.binding
        .runSavedModel(this.#id, ids, [...feeds.keys()].join(','), fetches.join(','))
        .map((metadata) => backend.createOutputTensor(metadata));
    } catch (error) {
      throw tensorflowError('the graph', error);
    } finally {
      cast.forEach((id) => backend.binding.deleteTensor(id));
    }
  }

  /**
   * Runs the graph once on plain data, as it comes in requests. Blocks the thread until it is done.
   *
   * @throws SignetError `TENSORFLOW_ERROR`.
   */
  runValues(feeds: ReadonlyMap<string, TensorValue>, fetches: readonly string[]): TensorValue[] {
    if (this.#id === null) throw disposed();
    const ids: number[] = [];
    try {
      for (const feed of feeds.values()) ids.push(createTensorId(feed));
      return backend.binding
        .runSavedModel(this.#id, ids, [...feeds.keys()].join(','), fetches.join(','))
        .map(takeTensorValue);
    } catch (error) {
      throw tensorflowError('the graph', error);
    } finally {
      ids.forEach((id) => backend.binding.deleteTensor(id));
    }
  }

  /** Frees the graph and its variables. */
  dispose(): void {
    if (this.#id === null) return;
    backend.binding.deleteSavedModel(this.#id);
    this.#id = null;
  }
}

function disposed(): SignetError {
  return new SignetError('INVALID_ARGUMENT', 'The session has been disposed of.');
}

/** Whether TF_NUM_INTRAOP_THREADS sets how many threads an op has; then Signet must not choose it. */
export function areThreadsGiven(): boolean {
  return (process.env.TF_NUM_INTRAOP_THREADS ?? '') !== '';
}

/** The binding's number for a feed, cast to the placeholder's type; `cast` collects what must be freed afterwards. */
function feedId({ tensor, dtype }: Feed, cast: number[]): number {
  const [id = 0] = backend.getInputTensorIds([tensor]);
  const type = dataTypeOf(dtype);
  const given = dataTypeInTfjs(type);
  if (given === type) return id;
  const { id: castTo } = castId(id, given, type);
  cast.push(castTo);
  return castTo;
}
