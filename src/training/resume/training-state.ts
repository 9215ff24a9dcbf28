import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';

import * as v from 'valibot';

import { SignetError, wordsOf } from '../../errors.js';
import { cannotWrite } from '../../files/cannot-write.js';
import { readJson, wholeNumber } from '../../files/read-json.js';
import { readTensorBundle, type TensorBundle } from '../../saved-model/checkpoint/read-tensor-bundle.js';
import { replaceFile } from '../../files/replace.js';
import { writeTensorBundle } from '../../saved-model/checkpoint/tensor-bundle.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import * as tf from '../../tensorflow/tf.js';
import { elementBytes } from '../../tracing/tensor-proto.js';
import type { SessionState } from '../steps/training-session.js';

/** Progress of a training, without its tensors. */
export interface TrainingMetadata {
  /** The epoch that runs or comes next, from 0. */
  readonly epoch: number;
  /** Number of its batches that have been trained on. */
  readonly batch: number;
  /** State of the training, see `SessionState`. */
  readonly session: SessionState;
  /** The optimizer's class. */
  readonly optimizer: string;
  /** States of the callbacks in their order, with the names of their classes. */
  readonly callbacks: readonly { readonly name: string; readonly values: Readonly<Record<string, unknown>> }[];
}

/** A training that was read back; its tensors are read one by one. */
export interface SavedTraining {
  readonly metadata: TrainingMetadata;
  /** The keys of its tensors. */
  readonly keys: readonly string[];
  /** Reads one tensor. The caller owns it. @throws SignetError `INVALID_TRAINING_STATE` unless it has this type and shape. */
  read(key: string, expected: Pick<tf.Tensor, 'dtype' | 'shape'> | null): Promise<tf.Tensor>;
}

/**
 * A folder with the state of one training: `training_metadata.json`, and the tensors as a checkpoint of TensorFlow,
 * `state-7.index` and `state-7.data-00000-of-00001`.
 *
 * The metadata names the checkpoint by its number and is renamed into its place after the checkpoint is on the disk: a crash at
 * any instant leaves the state before or the one after (docs/decisions/0012).
 */
export class TrainingStateFolder {
  /** Number of the state that was written last; null before the first one, and after one that failed: then the folder is looked at. */
  #written: number | null = null;

  constructor(private readonly folder: string) {}

  /** @throws SignetError `CANNOT_WRITE`. */
  async write(metadata: TrainingMetadata, tensors: Readonly<Record<string, tf.Tensor>>): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      const current = this.#written ?? (await this.#current());
      this.#written = null;
      const state = current + 1;
      await writeTensorBundle(this.#prefix(state), Object.entries(tensors).map(bundleTensor));
      await replaceFile(this.#metadataFile, JSON.stringify({ format, state, ...metadata }, null, 2));
      await this.#removeState(current);
      this.#written = state;
    } catch (error) {
      throw cannotWrite(this.folder, error);
    }
  }

  /** Removes what a crash has left in the folder. @returns The number of its state; 0 without one. */
  async #current(): Promise<number> {
    const current = (await this.#readMetadata().catch(() => null))?.state ?? 0;
    await this.#removeStatesExcept(current);
    return current;
  }

  /**
   * The state; null when there is none.
   *
   * @throws SignetError `INVALID_TRAINING_STATE` when the files are damaged or of another version.
   */
  async read(): Promise<SavedTraining | null> {
    const metadata = await this.#readMetadata();
    if (!metadata) return null;
    const bundle = await this.#readable(() => readTensorBundle(this.#prefix(metadata.state)));
    return {
      metadata,
      keys: [...bundle.entries.keys()],
      read: (key, expected) => this.#readable(() => readTensor(bundle, key, expected)),
    };
  }

  /** Removes the state, and the folder when nothing else is in it. */
  async remove(): Promise<void> {
    this.#written = null;
    await rm(this.#metadataFile, { force: true });
    await this.#removeStatesExcept(null);
    await rmdir(this.folder).catch(() => undefined);
  }

  get #metadataFile(): string {
    return path.join(this.folder, 'training_metadata.json');
  }

  #prefix(state: number): string {
    return path.join(this.folder, `state-${state}`);
  }

  async #readMetadata() {
    return readJson(this.#metadataFile, {
      mostBytes: metadataLimit,
      schema,
      error: (problem, cause) => this.#cannotResume(`training_metadata.json cannot be used: ${problem}.`, cause),
    });
  }

  async #removeState(state: number): Promise<void> {
    const files = ['index', 'data-00000-of-00001'].map((ending) => `${this.#prefix(state)}.${ending}`);
    await Promise.all(files.map((file) => rm(file, { force: true })));
  }

  async #removeStatesExcept(state: number | null): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => [])) {
      const number = /^state-(\d+)\.(?:index|data-00000-of-00001)$/.exec(name)?.[1];
      if (number !== undefined && Number(number) !== state) await rm(path.join(this.folder, name), { force: true });
    }
  }

  async #readable<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw this.#cannotResume(wordsOf(error), error);
    }
  }

  #cannotResume(why: string, cause: unknown): SignetError {
    return new SignetError(
      'INVALID_TRAINING_STATE',
      `Cannot resume the training in ${this.folder}: ${why} Remove the folder to start again.`,
      { cause },
    );
  }
}

const format = 2;
/** Maximum size in bytes: metadata are numbers and the lines of a history, which take far less. */
const metadataLimit = 2 ** 26;

/** Each part of a session, and each callback, checks its own values. */
const schema = v.object({
  format: v.literal(format),
  state: wholeNumber(),
  epoch: wholeNumber(),
  batch: wholeNumber(),
  session: v.object({ totals: v.unknown(), step: v.unknown(), data: v.unknown(), validationData: v.unknown() }),
  optimizer: v.string(),
  callbacks: v.array(v.object({ name: v.string(), values: v.record(v.string(), v.unknown()) })),
});

function bundleTensor([key, tensor]: readonly [string, tf.Tensor]) {
  const dataType = dataTypeOf(tensor.dtype);
  return { key, dataType, shape: tensor.shape, read: () => elementBytes(dataType, tensor.dataSync()) };
}

async function readTensor(
  bundle: TensorBundle,
  key: string,
  expected: Pick<tf.Tensor, 'dtype' | 'shape'> | null,
): Promise<tf.Tensor> {
  const entry = bundle.entries.get(key);
  const { dtype, shape } = expected ?? { dtype: 'float32', shape: [...(entry?.shape ?? [])] };
  const fits = entry?.dataType === dataTypeOf(dtype) && tf.util.arraysEqual([...entry.shape], shape);
  if (!fits) {
    const received = entry ? `[${entry.shape.join(', ')}]` : 'nothing';
    throw invalid(`${key} is ${dtype}[${shape.join(', ')}] in this model. Received: ${received}`);
  }
  return tf.tensor((await bundle.read(key)) as Float32Array, shape, dtype);
}

function invalid(what: string): SignetError {
  return new SignetError('INVALID_TRAINING_STATE', `${what}.`);
}
