import { mkdtemp, rm } from 'node:fs/promises';
import os, { availableParallelism } from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { type FlatGraph, OpNotExportable, withoutDeadNodes } from '../../export/flat-graph.js';
import { type ObservedShape, observeShapes } from '../../export/observed-shapes.js';
import { writeOnnx } from '../../export/onnx/write-onnx.js';
import { readFlatGraph } from '../../export/read-flat-graph.js';
import { loadOnnxRuntime, type OnnxRuntime, type OnnxSession } from '../../export/runtimes/onnx-runtime.js';
import { simplify } from '../../export/simplify.js';
import { findServedGraph, readSavedModel } from '../../saved-model/read/read-saved-model.js';
import { Session, type SessionOptions } from '../../tensorflow/session.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { type Shape, tensorSpec } from '../../tracing/tensor-spec.js';
import type { Values } from '../worker/made-up-call.js';
import { cutNetwork, type NetworkCut } from './cut-network.js';
import { RestOfGraph, type RestOfSignature } from './rest-of-graph.js';
import { SharedNetwork } from './shared-network.js';

/** A signature whose network runs in ONNX Runtime. */
interface SplitSignature extends RestOfSignature {
  /** Names that the exits have in the ONNX file, in their order. */
  readonly onnxExits: readonly string[];
}

/** A signature that was cut. */
interface CutSignature {
  readonly graph: FlatGraph;
  readonly cut: NetworkCut;
  /** Sizes of what goes into the network; null for a signature that takes strings, which does not reveal them. */
  readonly entryShape: ObservedShape | null;
}

/**
 * Signatures of a SavedModel whose network runs in ONNX Runtime, once for all of them: TensorFlow decodes and resizes before it, and makes labels
 * after it.
 */
export class OnnxModel {
  private constructor(
    /** Version of ONNX Runtime, such as `1.30.0`. */
    readonly runtimeVersion: string,
    private readonly runtime: OnnxRuntime,
    private readonly network: OnnxSession,
    private readonly rest: Session,
    private readonly split: Map<string, SplitSignature>,
  ) {}

  /**
   * @param keys The signatures.
   * @param options Options of TensorFlow's session for the rest.
   * @throws RuntimeMissing without `onnxruntime-node`; SignetError `NOT_EXPORTABLE` if no signature has a network that ONNX can represent; Error with
   *   ONNX Runtime's message if it refuses the network.
   */
  static async load(directory: string, keys: readonly string[], options: SessionOptions = {}): Promise<OnnxModel> {
    const { runtime, version } = await loadOnnxRuntime();
    const { cuts, shape } = withOneEntry(await cutAll(directory, keys));
    const shared = new SharedNetwork();
    const rest = new RestOfGraph(await functionsOf(directory));
    const split = new Map<string, SplitSignature>();
    for (const { graph, cut } of cuts)
      split.set(graph.signature, { ...rest.add(graph, cut), onnxExits: shared.add(graph, cut) });
    const { graph, shapes } = simplify(shared.graph(shape));
    const file = writeOnnx(graph, shapes);
    const session = await loadRest(rest, options);
    const settings = { logSeverityLevel: 3, intraOpNumThreads: networkThreads(options) };
    const network = await runtime.InferenceSession.create(file, settings).catch((error: unknown) => {
      session.dispose();
      throw error;
    });
    return new OnnxModel(version, runtime, network, session, split);
  }

  /** Keys of the signatures that it computes. */
  get signatures(): readonly string[] {
    return [...this.split.keys()];
  }

  /** Leaves a signature to TensorFlow. */
  leave(key: string): void {
    this.split.delete(key);
  }

  /** Runs a signature. @param outputs Which of its outputs. Default: all. */
  async callValues(key: string, inputs: Values, outputs?: readonly string[]): Promise<Record<string, TensorValue>> {
    const signature = this.split.get(key);
    if (!signature) throw new SignetError('INVALID_ARGUMENT', `ONNX Runtime does not compute "${key}".`);
    const feeds = new Map(Object.entries(signature.inputs).flatMap(([name, tensor]) => {
      const value = inputs[name];
      return value ? [[tensor, value] as const] : [];
    })); // prettier-ignore
    const entry = signature.isEntryAnInput
      ? feeds.get(signature.entry)
      : this.rest.runValues(feeds, [signature.entry])[0];
    if (!entry) throw new SignetError('SPEC_MISMATCH', `"${key}" takes ${Object.keys(signature.inputs).join(', ')}.`);
    const exits = await this.#runNetwork(signature, entry);
    feeds.set(signature.entry, entry);
    signature.exits.forEach((tensor, i) => exits[i] && feeds.set(tensor, exits[i]));
    return this.#outputs(signature, feeds, outputs);
  }

  async #runNetwork({ onnxExits }: SplitSignature, entry: TensorValue): Promise<TensorValue[]> {
    const [name = ''] = this.network.inputNames;
    const feed = new this.runtime.Tensor('float32', entry.values as Float32Array, entry.shape);
    const results = await this.network.run({ [name]: feed }, onnxExits);
    return onnxExits.map((exit) => {
      const { data = new Float32Array(), dims = [] } = results[exit] ?? {};
      // Copied, because the answer's memory moves to another thread, which the runtime's memory cannot.
      return { dtype: 'float32', shape: [...dims], values: data.slice() };
    });
  }

  /** Outputs that the network itself returned are known already; the others are computed from these. */
  #outputs(
    signature: SplitSignature,
    feeds: ReadonlyMap<string, TensorValue>,
    outputs?: readonly string[],
  ): Record<string, TensorValue> {
    const wanted = Object.entries(signature.outputs).filter(([name]) => outputs?.includes(name) ?? true);
    const computed = [...new Set(wanted.map(([, tensor]) => tensor))].filter((tensor) => !feeds.has(tensor));
    const results = computed.length > 0 ? this.rest.runValues(feeds, computed) : [];
    const known = new Map([...feeds, ...computed.flatMap((tensor, i) => (results[i] ? [[tensor, results[i]] as const] : []))]); // prettier-ignore
    return Object.fromEntries(wanted.flatMap(([name, tensor]) => {
      const value = known.get(tensor);
      return value ? [[name, value]] : [];
    })); // prettier-ignore
  }

  async dispose(): Promise<void> {
    this.rest.dispose();
    await this.network.release();
  }
}

/** Cuts the signatures that can be cut. @throws SignetError `NOT_EXPORTABLE` if none can. */
async function cutAll(directory: string, keys: readonly string[]): Promise<CutSignature[]> {
  const cuts: CutSignature[] = [];
  for (const key of keys) {
    const cut = await cutOrNull(directory, key);
    if (cut) cuts.push(cut);
  }
  if (cuts.length > 0) return cuts;
  throw new SignetError('NOT_EXPORTABLE', 'None of its signatures has a network of ops that ONNX has.');
}

async function cutOrNull(directory: string, key: string): Promise<CutSignature | null> {
  try {
    const graph = await readFlatGraph(directory, key);
    const cut = cutNetwork(graph);
    return cut && { graph, cut, entryShape: observeEntry(graph, cut) };
  } catch (error) {
    if (error instanceof OpNotExportable || (error instanceof SignetError && error.code === 'NOT_EXPORTABLE'))
      return null;
    throw error;
  }
}

function observeEntry(graph: FlatGraph, { entry }: NetworkCut): ObservedShape | null {
  if (graph.inputs.some(({ spec }) => spec.dtype === 'string')) return null;
  const front = { ...graph, outputs: [{ name: 'entry', value: entry, spec: tensorSpec('float32', null) }] };
  return observeShapes(withoutDeadNodes(front)).get(entry) ?? null;
}

/**
 * Finds the sizes of the network's input, which a signature that takes numbers reveals, and leaves out signatures with other sizes: there is one
 * network for all.
 *
 * @throws SignetError `NOT_EXPORTABLE` if no signature takes numbers.
 */
function withOneEntry(cuts: readonly CutSignature[]): {
  readonly cuts: readonly CutSignature[];
  readonly shape: Shape;
} {
  const shape = cuts.map(({ entryShape }) => entryShape).find((each) => each !== null);
  if (shape) return { cuts: cuts.filter(({ entryShape }) => !entryShape || fits(entryShape, shape)), shape };
  throw new SignetError(
    'NOT_EXPORTABLE',
    'None of its signatures takes numbers, which would show the size of its pictures.',
  );
}

/** Whether a network accepts these sizes; null in its own sizes means any. */
function fits(sizes: ObservedShape, taken: ObservedShape): boolean {
  return sizes.length === taken.length && taken.every((size, i) => size === null || size === sizes[i]);
}

/** Number of threads for an op of the network: with 0, ONNX Runtime would take all cores of the computer, even if the process may not use them. */
export function networkThreads({ intraOpThreads = 0 }: SessionOptions): number {
  const given = intraOpThreads || Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Number.isInteger(given) && given > 0 ? given : availableParallelism();
}

async function functionsOf(directory: string) {
  const { graphDef } = findServedGraph(await readSavedModel(directory), directory);
  return new Map((graphDef?.library?.function ?? []).map((each) => [each.signature?.name ?? '', each]));
}

/** The folder is only needed while TensorFlow reads it. */
async function loadRest(rest: RestOfGraph, options: SessionOptions): Promise<Session> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-onnx-'));
  try {
    await rest.write(folder);
    return Session.load(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
