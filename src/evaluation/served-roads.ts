import { mapConcurrently } from '../data/map-concurrently.js';
import { SignetError } from '../errors.js';
import type { Signature } from '../saved-model/read-saved-model.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import type { Protocol } from './clients/client-options.js';
import type { ModelAnswer } from './clients/protocol-client.js';
import type { DecodedImage } from './load-images.js';

/** The ways to an image classifier on a server, by protocol and by what is sent: files as they are, or decoded pixels. */
export const servedRoads = ['grpcBytes', 'grpcNumpy', 'restBytes', 'restNumpy'] as const;
export type ServedRoad = (typeof servedRoads)[number];

export interface RoadDescription {
  readonly name: string;
  readonly protocol: Protocol;
  readonly encoding: 'bytes' | 'numpy';
  readonly signatureName: string;
}

const bytes = { encoding: 'bytes', signatureName: 'serving_bytes' } as const;
const numpy = { encoding: 'numpy', signatureName: 'serving_default' } as const;

export const roadDescriptions: Readonly<Record<ServedRoad, RoadDescription>> = {
  grpcBytes: { name: 'gRPC bytes', protocol: 'GRPC', ...bytes },
  grpcNumpy: { name: 'gRPC numpy', protocol: 'GRPC', ...numpy },
  restBytes: { name: 'REST bytes', protocol: 'REST', ...bytes },
  restNumpy: { name: 'REST numpy', protocol: 'REST', ...numpy },
};

/** What can send a request; `SignetClient` can. */
export interface Predictor {
  predict(
    inputs: Readonly<Record<string, TensorValue>>,
    options: {
      readonly signatureName: string;
      readonly outputFilter: readonly string[];
      readonly signal?: AbortSignal;
    },
  ): Promise<ModelAnswer>;
}

/** How a road's signature is called. */
interface RoadCall {
  readonly signatureName: string;
  readonly input: string;
  readonly output: string;
}

/**
 * Finds how to send images on a road.
 *
 * @returns Why the model does not offer it, in words that continue its name, where it does not.
 */
export function roadCall(road: ServedRoad, signatures: Readonly<Record<string, Signature>>): RoadCall | string {
  const { encoding, signatureName } = roadDescriptions[road];
  const signature = Object.hasOwn(signatures, signatureName) ? signatures[signatureName] : undefined;
  if (!signature) return `the model has no signature ${signatureName}`;
  const [input, ...others] = Object.entries(signature.inputs);
  const fits = input !== undefined && others.length === 0 && takesImages(encoding, input[1].spec);
  if (!fits) return `${signatureName} takes no ${encoding === 'bytes' ? 'image files' : 'pixels of RGB images'}`;
  const floats = Object.entries(signature.outputs).filter(([, { spec }]) => spec.dtype === 'float32');
  const output = floats.find(([name]) => name === 'output_0') ?? floats[0];
  if (!output) return `${signatureName} gives no logits`;
  return { signatureName, input: input[0], output: output[0] };
}

function takesImages(encoding: RoadDescription['encoding'], spec: Signature['inputs'][string]['spec']): boolean {
  if (encoding === 'bytes') return spec.dtype === 'string';
  return spec.dtype === 'float32' && (spec.shape === null || (spec.shape.length === 4 && spec.shape[3] === 3));
}

/** What came of a block of images. */
export interface BlockAnswer {
  /** Of each image, in their order. */
  readonly logits: readonly Float32Array[];
  /** Of each request, from the call to the decoded answer. */
  readonly latencies: readonly number[];
  /** From the first request to the last answer. */
  readonly milliseconds: number;
  readonly bytesSent: number;
}

export interface BlockOptions {
  readonly batchSize: number;
  /** Requests that are under way at once. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** Called after each answer with the number of images in it. */
  readonly onAnswer?: (images: number) => void;
}

/** Sends images on a road. @throws ServerError */
export async function sendBlock(
  client: Predictor,
  road: ServedRoad,
  { signatureName, input, output }: RoadCall,
  images: readonly DecodedImage[],
  { batchSize, concurrency, signal, onAnswer }: BlockOptions,
): Promise<BlockAnswer> {
  const { encoding } = roadDescriptions[road];
  const groups = encoding === 'bytes' ? [[...images.keys()]] : groupsOfOneSize(images);
  const batches = groups.flatMap((group) => inChunks(group, batchSize));
  const logits = new Array<Float32Array>(images.length);
  const latencies: number[] = [];
  let bytesSent = 0;
  const start = performance.now();
  const send = async (batch: readonly number[]) => {
    const tensor = batchTensor(
      encoding,
      batch.flatMap((i) => images[i] ?? []),
    );
    const begun = performance.now();
    const answer = await client.predict(
      { [input]: tensor },
      { signatureName, outputFilter: [output], ...(signal && { signal }) },
    );
    latencies.push(performance.now() - begun);
    bytesSent += answer.bytesSent;
    const rows = logitRows(answer.outputs[output], batch.length, signatureName);
    batch.forEach((image, row) => (logits[image] = rows[row] ?? new Float32Array()));
    onAnswer?.(batch.length);
  };
  await mapConcurrently(batches, concurrency, send, signal);
  return { logits, latencies, milliseconds: performance.now() - start, bytesSent };
}

/** Images that go into one tensor have one size. */
function groupsOfOneSize(images: readonly DecodedImage[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, { height, width }] of images.entries()) {
    const key = `${height}x${width}`;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

function inChunks(items: readonly number[], size: number): (readonly number[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function batchTensor(encoding: RoadDescription['encoding'], images: readonly DecodedImage[]): TensorValue {
  if (encoding === 'bytes') return { dtype: 'string', shape: [images.length], values: images.map(({ file }) => file) };
  const { height = 0, width = 0 } = images[0] ?? {};
  const size = height * width * 3;
  const values = new Float32Array(images.length * size);
  images.forEach(({ pixels }, i) => values.set(pixels, i * size));
  return { dtype: 'float32', shape: [images.length, height, width, 3], values };
}

function logitRows(value: TensorValue | undefined, images: number, signatureName: string): Float32Array[] {
  const [rows, classes = 0, ...rest] = value?.shape ?? [];
  if (value?.values instanceof Float32Array && rows === images && rest.length === 0 && classes > 0) {
    const { values } = value;
    return Array.from({ length: images }, (_, i) => values.slice(i * classes, (i + 1) * classes));
  }
  throw new SignetError(
    'INVALID_SAVED_MODEL',
    `${signatureName} gives no logits: float32[${images}, classes] was expected for ${images} images. ` +
      `Received: ${value ? `${value.dtype}[${value.shape.join(', ')}]` : 'nothing'}. Serve an image classifier that train-model wrote.`,
  );
}
