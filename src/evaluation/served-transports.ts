import type { Signature } from '../saved-model/read/read-saved-model.js';
import type { Protocol } from '../client/client-options.js';

/** The ways to an image classifier on a server, by protocol and by what is sent: files as they are, or decoded pixels. */
export const servedTransports = ['grpcBytes', 'grpcNumpy', 'restBytes', 'restNumpy'] as const;
export type ServedTransport = (typeof servedTransports)[number];

export interface TransportDescription {
  readonly name: string;
  readonly protocol: Protocol;
  readonly encoding: 'bytes' | 'numpy';
  readonly signatureName: string;
}

const bytes = { encoding: 'bytes', signatureName: 'serving_bytes' } as const;
const numpy = { encoding: 'numpy', signatureName: 'serving_default' } as const;

export const transportDescriptions: Readonly<Record<ServedTransport, TransportDescription>> = {
  grpcBytes: { name: 'gRPC bytes', protocol: 'GRPC', ...bytes },
  grpcNumpy: { name: 'gRPC numpy', protocol: 'GRPC', ...numpy },
  restBytes: { name: 'REST bytes', protocol: 'REST', ...bytes },
  restNumpy: { name: 'REST numpy', protocol: 'REST', ...numpy },
};

/** How a transport's signature is called. */
export interface TransportCall {
  readonly signatureName: string;
  readonly input: string;
  readonly output: string;
}

/** Finds how to send images over a transport; a sentence that says why, if the model does not offer it. */
export function transportCall(
  transport: ServedTransport,
  signatures: Readonly<Record<string, Signature>>,
): TransportCall | string {
  const { encoding, signatureName } = transportDescriptions[transport];
  const signature = Object.hasOwn(signatures, signatureName) ? signatures[signatureName] : undefined;
  if (!signature) return `The model has no signature ${signatureName}.`;
  const [input, ...others] = Object.entries(signature.inputs);
  const fits = input !== undefined && others.length === 0 && takesImages(encoding, input[1].spec);
  if (!fits) return `${signatureName} takes no ${encoding === 'bytes' ? 'image files' : 'pixels of RGB images'}.`;
  const floats = Object.entries(signature.outputs).filter(([, { spec }]) => spec.dtype === 'float32');
  const output = floats.find(([name]) => name === 'output_0') ?? floats[0];
  if (!output) return `${signatureName} gives no logits.`;
  return { signatureName, input: input[0], output: output[0] };
}

function takesImages(encoding: TransportDescription['encoding'], spec: Signature['inputs'][string]['spec']): boolean {
  if (encoding === 'bytes') return spec.dtype === 'string';
  return spec.dtype === 'float32' && (spec.shape === null || (spec.shape.length === 4 && spec.shape[3] === 3));
}
