import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { ExampleSchema } from '../../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { FeatureSchema } from '../../../tensorflow/protos/tensorflow/core/example/feature_pb.js';
import type { TensorValue } from '../../../tensorflow/tensor-value.js';
import { joinExamples } from '../../examples/join-examples.js';
import { checkRows, defaultMaxTensorBytes, type SizeLimits } from '../../limits/check-size.js';
import { refuse } from '../../serving-error.js';
import { decodeBase64 } from './decode-base64.js';
import type { JsonTape } from './json-tape.js';
import { isBase64Object } from './json-tensor.js';
import { formatError, parseBody, root, signatureNameIn } from './parse-body.js';

/** Content of the body of a classify or regress request. */
export interface ExamplesBody {
  readonly signatureName: string | undefined;
  /** Serialized tf.Examples, string [n]. */
  readonly examples: TensorValue;
}

/**
 * Reads the body of `POST /v1/models/NAME:classify` or `:regress`: `{"examples": [{feature: value or list}], "context": {...}}`.
 *
 * The first element of a feature determines its type: a number without a point or exponent and a bool are int64, other numbers float, strings and
 * `{"b64": ...}` bytes; the others must be of the same type.
 *
 * Source of rules and texts: tensorflow_serving/util/json_tensor.cc, `FillClassifyRegressRequestFromJson`.
 *
 * @param limits Limits of the examples' number and memory; a context counts once for every example.
 * @param checkSignature Throws for a signature that takes no examples, before any is read.
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` for too many examples.
 */
export function readExamplesBody(
  bytes: Buffer,
  limits: SizeLimits = {},
  checkSignature: (name: string | undefined) => void = () => undefined,
): ExamplesBody {
  return parseBody(bytes, (tape) => readTape(tape, limits, checkSignature));
}

function readTape(
  tape: JsonTape,
  { maxRows, maxTensorBytes: maxBytes = defaultMaxTensorBytes }: SizeLimits,
  checkSignature: (name: string | undefined) => void,
): ExamplesBody {
  const signatureName = signatureNameIn(tape);
  const context = tape.member(root, 'context');
  const first = context === undefined ? new Uint8Array() : serializedExample(tape, context);
  const list = tape.member(root, 'examples');
  if (list === undefined) {
    throw formatError(tape, root, "When method is classify, key 'examples' is expected and was not found");
  }
  if (!tape.isArray(list)) throw formatError(tape, root, "Expecting 'examples' value to be an list/array");
  if (tape.size(list) === 0) throw formatError(tape, root, "'examples' value is an empty array");
  checkSignature(signatureName);
  checkRows(tape.size(list), maxRows);
  const examples = [...tape.elements(list)].map((example) => serializedExample(tape, example));
  return { signatureName, examples: joinExamples(first, examples, maxBytes) };
}

type FeatureInit = NonNullable<MessageInitShape<typeof FeatureSchema>['kind']>;

function serializedExample(tape: JsonTape, value: number): Uint8Array {
  if (!tape.isObject(value)) refuse(`Example must be JSON object but got JSON ${tape.kind(value)}`);
  const entries = [...tape.members(value)].map(([name, content]) => {
    const elements = tape.isArray(content) ? [...tape.elements(content)] : [content];
    return [name, readFeature(tape, name, elements)] as const;
  });
  const feature = Object.fromEntries(entries.map(([name, kind]) => [name, kind ? { kind } : {}]));
  return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } }));
}

const typeNames = { bytesList: 'bytes', floatList: 'float', int64List: 'int64' } as const;

function readFeature(tape: JsonTape, name: string, elements: readonly number[]): FeatureInit | null {
  const [first] = elements;
  if (first === undefined) return null;
  const kind = kindOf(tape, name, first);
  for (const element of elements) {
    if (kindOf(tape, name, element) === kind) continue;
    refuse(`Unexpected element type in feature: ${name} expecting type: ${typeNames[kind]}`);
  }
  switch (kind) {
    case 'bytesList':
      return { case: kind, value: { value: elements.map((element) => bytesOf(tape, element)) } };
    case 'floatList':
      return { case: kind, value: { value: elements.map((element) => Math.fround(tape.number(element))) } };
    case 'int64List':
      return { case: kind, value: { value: elements.map((element) => String(int64Of(tape, name, element))) } };
  }
}

function kindOf(tape: JsonTape, name: string, element: number): keyof typeof typeNames {
  const kind = tape.kind(element);
  if (kind === 'True' || kind === 'False') return 'int64List';
  if (kind === 'Number') return isWord(tape, element) ? 'int64List' : 'floatList';
  if (kind === 'String' || isBase64Object(tape, element)) return 'bytesList';
  return refuse(`Feature: ${name} has element with unexpected JSON type: ${kind}`);
}

/** Whether it is a whole number of 64 bits; RapidJSON reads larger ones as double. */
function isWord(tape: JsonTape, element: number): boolean {
  if (!tape.isInteger(element)) return false;
  const value = tape.bigint(element);
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

function bytesOf(tape: JsonTape, element: number): Uint8Array {
  return tape.isString(element) ? tape.stringBytes(element) : decodeBase64(tape.stringBytes(element + 2));
}

function int64Of(tape: JsonTape, name: string, element: number): bigint {
  if (!tape.isNumber(element)) return tape.kind(element) === 'True' ? 1n : 0n;
  const value = tape.bigint(element);
  if (BigInt.asIntN(64, value) === value) return value;
  return refuse(`Feature: ${name} has uint64_t element. Only int64_t is supported.`);
}
