import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { type FlatGraph, OpNotExportable } from '../../export/flat-graph.js';
import { observeShapes } from '../../export/observed-shapes.js';
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
}

/**
 * Signatures of a SavedModel whose network runs in ONNX Runtime, once for all of them: TensorFlow decodes and resizes before it, and makes
 * labels behind it.
 */
export class OnnxModel {
  private constructor(
    /** Such as `1.30.0`. */
    readonly runtimeVersion: string,
    private readonly runtime: OnnxRuntime,
    private readonly network: OnnxSession,
    private readonly rest: Session,
    private readonly split: ReadonlyMap<string, SplitSignature>,
  ) {}

  /**
   * @param keys The signatures.
   * @param options How TensorFlow's session for the rest is loaded.
   * @throws RuntimeMissing without `onnxruntime-node`; SignetError `NOT_EXPORTABLE` where no signature has a network that ONNX can have.
   */
  static async load(directory: string, keys: readonly string[], options: SessionOptions = {}): Promise<OnnxModel> {
    const { runtime, version } = await loadOnnxRuntime();
    const cuts = await cutAll(directory, keys);
    const shared = new SharedNetwork();
    const rest = new RestOfGraph(await functionsOf(directory));
    const split = new Map<string, SplitSignature>();
    for (const { graph, cut } of cuts)
      split.set(graph.signature, { ...rest.add(graph, cut), onnxExits: shared.add(graph, cut) });
    const { graph, shapes } = simplify(shared.graph(entryShape(cuts)));
    const file = writeOnnx(graph, shapes);
    const session = await loadRest(rest, options);
    const { intraOpThreads = 0 } = options;
    const network = await runtime.InferenceSession.create(file, {
      logSeverityLevel: 3,
      intraOpNumThreads: intraOpThreads,
    });
    return new OnnxModel(version, runtime, network, session, split);
  }

  /** Keys of the signatures that it computes. */
  get signatures(): readonly string[] {
    return [...this.split.keys()];
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
      // A copy: the answer's memory moves to another thread, and that of the runtime cannot.
      return { dtype: 'float32', shape: [...dims], values: data.slice() };
    });
  }

  /** What the network gave is known already; the others are computed from it. */
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

/** Cuts the signatures that can be cut. @throws SignetError `NOT_EXPORTABLE` where none can. */
async function cutAll(directory: string, keys: readonly string[]): Promise<CutSignature[]> {
  const cuts: CutSignature[] = [];
  for (const key of keys) {
    const graph = await readOrNull(directory, key);
    const cut = graph && cutNetwork(graph);
    if (graph && cut) cuts.push({ graph, cut });
  }
  if (cuts.length > 0) return cuts;
  throw new SignetError('NOT_EXPORTABLE', 'None of its signatures has a network of ops that ONNX has.');
}

async function readOrNull(directory: string, key: string): Promise<FlatGraph | null> {
  try {
    return await readFlatGraph(directory, key);
  } catch (error) {
    if (error instanceof OpNotExportable || (error instanceof SignetError && error.code === 'NOT_EXPORTABLE'))
      return null;
    throw error;
  }
}

/** Sizes of what goes into the network, which a signature shows that takes numbers. @throws SignetError `NOT_EXPORTABLE`. */
function entryShape(cuts: readonly CutSignature[]): Shape {
  for (const { graph, cut } of cuts) {
    if (graph.inputs.some(({ spec }) => spec.dtype === 'string')) continue;
    const front = { ...graph, outputs: [{ name: 'entry', value: cut.entry, spec: tensorSpec('float32', null) }] };
    const shape = observeShapes(front).get(cut.entry);
    if (shape) return shape;
  }
  throw new SignetError(
    'NOT_EXPORTABLE',
    'None of its signatures takes numbers, which would show the size of its pictures.',
  );
}

async function functionsOf(directory: string) {
  const { graphDef } = findServedGraph(await readSavedModel(directory), directory);
  return new Map((graphDef?.library?.function ?? []).map((each) => [each.signature?.name ?? '', each]));
}

/** TensorFlow reads the folder once. */
async function loadRest(rest: RestOfGraph, options: SessionOptions): Promise<Session> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-onnx-'));
  try {
    await rest.write(folder);
    return Session.load(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
