import { create, toBinary } from '@bufbuild/protobuf';

import { ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import * as tf from '../../tensorflow/tf.js';

const [height, width] = [24, 32];

/** Makes a small picture in the forms of strings that signatures take: a PNG file, its base64 text, and a serialized tf.Example with it. */
export async function sampleTexts(): Promise<Uint8Array[]> {
  const size = height * width * 3;
  const pixels = tf.tensor3d(Int32Array.from({ length: size }, (_, i) => (i * 7919) % 251), [height, width, 3], 'int32'); // prettier-ignore
  const png = await tf.node.encodePng(pixels).finally(() => pixels.dispose());
  const feature = { 'image/encoded': { kind: { case: 'bytesList' as const, value: { value: [png] } } } };
  const example = toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } }));
  // The alphabet that TensorFlow's DecodeBase64 takes.
  return [png, Buffer.from(Buffer.from(png).toString('base64url')), example];
}
