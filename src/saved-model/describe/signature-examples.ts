import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { ExampleFeature } from './example-features.js';
import { jsonText, shellQuoted } from '../../text/printable.js';
import type { ShapeDescription } from '../write/structure.js';

/** Ready calls of a signature. */
export interface SignatureExamples {
  /** Address at which TensorFlow Serving answers. */
  readonly url: string;
  /** A line for a shell; `null` when REST cannot carry an input. */
  readonly curl: string | null;
  /** For Node.js; `null` when REST cannot carry an input. */
  readonly typescript: string | null;
  /** `null` if an input, such as a resource, cannot be written as a literal. */
  readonly python: string | null;
  /** Sentences to know before calling. */
  readonly notes: readonly string[];
}

/** The signature that is called. */
export interface ExampleSignature {
  readonly directory: string;
  readonly modelName: string;
  readonly tags: readonly string[];
  /** Whether the model has other graphs too: then Python asks for the tags. */
  readonly isOneOfSeveral: boolean;
  readonly key: string;
  readonly method: string;
  /** Inputs that a call must give, and all outputs. */
  readonly inputs: readonly ExampleTensor[];
  readonly outputs: readonly ExampleTensor[];
  /** Features that classify and regress read from a tf.Example; `null` if the graph does not say. */
  readonly features: readonly ExampleFeature[] | null;
}

/** An input or output of it. */
export interface ExampleTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: ShapeDescription;
  /** Whether it is one tensor, rather than a sparse or composite one. */
  readonly isDense: boolean;
}

/** Maximum number of elements that are written out: more are made by a program. */
const maxElements = 32;
const defaultKey = 'serving_default';
/** Types that TensorFlow Serving converts from JSON; see `AddValueToTensor` in its util/json_tensor.cc. */
const restTypes = new Set('float32 float64 int8 int16 int32 int64 uint8 uint32 uint64 bool string'.split(' '));

/**
 * How to call a signature over TensorFlow Serving's REST API and from Python, with values that fit its inputs.
 *
 * Names from the model are quoted for the language they appear in, as printable text.
 */
export function signatureExamples(signature: ExampleSignature): SignatureExamples {
  const { key, inputs, modelName, method } = signature;
  const verb = /^tensorflow\/serving\/(classify|regress)$/.exec(method)?.[1] ?? 'predict';
  const parsesExamples = verb !== 'predict';
  const url = `http://localhost:8501/v1/models/${encodeURIComponent(modelName)}:${verb}`;
  const unfit = inputs.filter(({ dtype, isDense }) => !isDense || !restTypes.has(dtype));
  const isCallable = unfit.length === 0 && inputs.length > 0;
  const fields: JsonNode[] = key === defaultKey ? [] : [{ name: 'signature_name', value: jsonText(key) }];
  const body = object([...fields, parsesExamples ? examplesField(signature) : predictField(signature)]);
  const notes = [
    ...notesOnTags(signature),
    ...(unfit.length > 0 ? [`REST takes no ${describe(unfit)}: call it in Python, or over gRPC.`] : []),
    ...(inputs.length === 0 ? ['REST takes no request without inputs: call it in Python.'] : []),
    ...(parsesExamples && !signature.features
      ? ['The features in the example are made up: the graph does not tell them.']
      : []),
  ];
  return {
    url,
    curl: isCallable ? curlLine(url, body) : null,
    typescript: isCallable ? typescriptSnippet(url, body, parsesExamples ? 'results' : answerField(signature)) : null,
    python: pythonSnippet(signature, parsesExamples),
    notes,
  };
}

function describe(tensors: readonly ExampleTensor[]): string {
  return [...new Set(tensors.map(({ dtype, isDense }) => (isDense ? dtype : 'sparse or composite tensors')))].join(
    ', ',
  );
}

function notesOnTags({ tags }: ExampleSignature): string[] {
  if (tags.length === 1 && tags[0] === 'serve') return [];
  return [
    `TensorFlow Serving loads this graph with --saved_model_tags=${tags.map((tag) => jsonText(tag).slice(1, -1)).join(',')}`,
  ];
}

/** JSON in parts: text, an expression of JavaScript for what is too long to write out, or a file's content in base64. */
type JsonPart = string | { readonly expression: string } | FileContent;
/** A file's content within the quotes of a string. */
interface FileContent {
  readonly file: string;
  /**
   * Whether the base64 is web-safe, with `-` and `_` for `+` and `/`, as TensorFlow's DecodeBase64 takes it. REST's `b64` takes the standard form.
   */
  readonly isWebSafe: boolean;
}
interface JsonNode {
  readonly name: string;
  readonly value: string | readonly JsonPart[];
}

function object(fields: readonly JsonNode[]): JsonPart[] {
  const parts = fields.flatMap(({ name, value }, i): JsonPart[] => [
    `${i === 0 ? '' : ', '}${jsonText(name)}: `,
    ...(typeof value === 'string' ? [value] : value),
  ]);
  return ['{', ...parts, '}'];
}

/** Rows (`instances`) where every tensor has a batch dimension, else columns (`inputs`). */
function predictField(signature: ExampleSignature): JsonNode {
  const { key, inputs } = signature;
  const isRows = answerField(signature) === 'predictions';
  const values = inputs.map(({ name, dtype, shape }) => ({
    name,
    value: valueOf(name, dtype, isRows ? (shape?.slice(1) ?? []) : shape, key),
  }));
  const [first] = values;
  const value = values.length === 1 && first ? first.value : object(values);
  return isRows ? { name: 'instances', value: ['[', ...value, ']'] } : { name: 'inputs', value };
}

function answerField({ inputs, outputs }: ExampleSignature): 'predictions' | 'outputs' {
  const hasBatch = ({ shape }: ExampleTensor) => shape === null || shape[0] === null;
  return inputs.length > 0 && [...inputs, ...outputs].every(hasBatch) ? 'predictions' : 'outputs';
}

const madeUpFeatures: readonly ExampleFeature[] = [{ name: 'x', dtype: 'float32', shape: [1] }];

function examplesField({ features }: ExampleSignature): JsonNode {
  const fields = (features ?? madeUpFeatures).map(({ name, dtype, shape }) => ({
    name,
    // A feature is a value or a flat list.
    value: valueOf(name, dtype, shape?.length === 0 ? [] : [sizeFromShape(sizesOf(shape))]),
  }));
  return { name: 'examples', value: ['[', ...object(fields), ']'] };
}

/** A tensor's value; unknown sizes are 1. `key` is that of the signature, whose name may say what a string holds. */
function valueOf(name: string, dtype: string, shape: ShapeDescription, key = ''): JsonPart[] {
  const sizes = sizesOf(shape);
  const content = contentOf(name, dtype, key);
  const [before, after] = content === 'bytes' ? ['{"b64": "', '"}'] : ['"', '"'];
  if (content !== null && sizeFromShape(sizes) === 1) {
    const file = { file: fileOf(name), isWebSafe: content === 'base64' };
    return ['['.repeat(sizes.length) + before, file, after + ']'.repeat(sizes.length)];
  }
  const value = content === null ? elementOf(dtype) : `${before}${after}`;
  return isLong(sizes) ? [{ expression: filled(sizes, value) }] : [nested(sizes, value)];
}

function sizesOf(shape: ShapeDescription): number[] {
  return (shape ?? []).map((size) => size ?? 1);
}

/** Whether a value is better made by a program than written out. */
function isLong(sizes: readonly number[]): boolean {
  return [...sizes, sizes.length, sizeFromShape(sizes)].some((number) => number > maxElements);
}

function nested(sizes: readonly number[], value: string): string {
  return sizes.reduceRight((inner, size) => `[${Array.from({ length: size }, () => inner).join(', ')}]`, value);
}

function filled(sizes: readonly number[], value: string): string {
  return sizes.reduceRight((inner, size) => `Array(${size}).fill(${inner})`, value);
}

/**
 * Guesses from the names what a string holds: a file's bytes, or base64 text that the graph decodes; `null` for any text.
 *
 * TensorFlow Serving itself treats a name that ends in `_bytes` as one of bytes.
 */
function contentOf(name: string, dtype: string, key = ''): 'bytes' | 'base64' | null {
  if (dtype !== 'string') return null;
  if (/base64|b64/i.test(`${key} ${name}`)) return 'base64';
  return /bytes|encoded/i.test(name) ? 'bytes' : null;
}

function fileOf(name: string): string {
  if (/image|img|photo|picture/i.test(name)) return 'image.jpg';
  return /audio|sound|wav/i.test(name) ? 'audio.wav' : 'data.bin';
}

function elementOf(dtype: string): string {
  if (dtype === 'string') return '"text"';
  if (dtype === 'bool') return 'true';
  return dtype.startsWith('float') ? '0.5' : '1';
}

/** Files and long arrays come through a pipe: a shell takes no arguments longer than 128 KiB. */
function curlLine(url: string, body: readonly JsonPart[]): string {
  const send = `| curl -d @- ${shellQuoted(url)}`;
  if (body.some((part) => typeof part === 'object' && 'expression' in part)) {
    return `node -p ${shellQuoted(`JSON.stringify(${expressionOf(body, 'fs.')})`)} ${send}`;
  }
  const files = body.flatMap((part) => (typeof part === 'object' && 'file' in part ? [part] : []));
  if (files.length === 0) return `curl -d ${shellQuoted(body.join(''))} ${shellQuoted(url)}`;
  const escaped = body.map((part) =>
    typeof part === 'string' ? part.replaceAll('\\', '\\\\').replaceAll('%', '%%') : '%s',
  );
  const contents = files.map(
    ({ file, isWebSafe }) => `"$(base64 < ${file} | tr -d '\\n'${isWebSafe ? " | tr '+/' '-_'" : ''})"`,
  );
  return `printf ${shellQuoted(escaped.join(''))} ${contents.join(' ')} ${send}`;
}

/** The body as a JavaScript expression. `fs` is the prefix of `readFileSync`. */
function expressionOf(body: readonly JsonPart[], fs = ''): string {
  const parts = body.map((part) => {
    if (typeof part === 'string') return part;
    // A file is within the quotes of a string, which are removed.
    return 'file' in part ? `\0${part.file}\0${part.isWebSafe ? 'base64url' : 'base64'}\0` : part.expression;
  });
  return parts
    .join('')
    .replaceAll(
      /"\0([^\0]*)\0([^\0]*)\0"/g,
      (_, file: string, encoding: string) => `${fs}readFileSync("${file}").toString("${encoding}")`,
    );
}

function typescriptSnippet(url: string, body: readonly JsonPart[], answer: string): string {
  const needsFile = body.some((part) => typeof part === 'object' && 'file' in part);
  return [
    ...(needsFile ? ['import { readFileSync } from "node:fs";', ''] : []),
    `const response = await fetch(${jsonText(url)}, {`,
    `  method: "POST",`,
    `  body: JSON.stringify(${expressionOf(body)}),`,
    '});',
    'if (!response.ok) throw new Error(await response.text());',
    `const { ${answer} } = await response.json();`,
    `console.log(${answer});`,
  ].join('\n');
}

function pythonSnippet(signature: ExampleSignature, parsesExamples: boolean): string | null {
  const { directory, key, inputs, tags, isOneOfSeveral } = signature;
  if (inputs.some(({ dtype, isDense }) => !isDense || !/^(b?float|u?int|bool|string|complex)/.test(dtype))) return null;
  const tagsArgument = isOneOfSeveral ? `, tags=[${tags.map((tag) => jsonText(tag)).join(', ')}]` : '';
  const values = inputs.map(
    ({ name, dtype, shape }) => [name, pythonValue(name, dtype, shape, parsesExamples ? null : key)] as const,
  );
  const isKeyword = values.every(([name]) => /^[A-Za-z_]\w*$/.test(name) && !pythonKeywords.has(name));
  const args = isKeyword
    ? values.map(([name, value]) => `${name}=${value}`).join(', ')
    : `**{${values.map(([name, value]) => `${jsonText(name)}: ${value}`).join(', ')}}`;
  const lines = [
    ...(parsesExamples ? pythonExample(signature.features ?? madeUpFeatures) : []),
    `print(model.signatures[${jsonText(key)}](${args}))`,
  ];
  return [
    ...(lines.some((line) => line.includes(encodeBase64)) ? ['import base64'] : []),
    'import tensorflow as tf',
    '',
    `model = tf.saved_model.load(${jsonText(directory)}${tagsArgument})`,
    ...lines,
  ].join('\n');
}

const pythonKeywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** @param key The signature's; `null` when its strings are serialized tf.Examples. */
function pythonValue(name: string, dtype: string, shape: ShapeDescription, key: string | null): string {
  const sizes = shape === null ? [1] : sizesOf(shape);
  const shapeArgument = sizes.length === 0 ? '' : `, shape=[${sizes.join(', ')}]`;
  if (dtype === 'string' && key === null) return `tf.constant(example.SerializeToString()${shapeArgument})`;
  const content = contentOf(name, dtype, key ?? '');
  if (content !== null) return `tf.constant(${pythonContent(name, content)}${shapeArgument})`;
  const value = { true: 'True' }[elementOf(dtype)] ?? elementOf(dtype === 'bfloat16' ? 'float' : dtype);
  return `tf.constant(${value}, tf.${dtype}${shapeArgument})`;
}

const encodeBase64 = 'base64.urlsafe_b64encode';

function pythonContent(name: string, content: 'bytes' | 'base64'): string {
  const bytes = `open("${fileOf(name)}", "rb").read()`;
  return content === 'base64' ? `${encodeBase64}(${bytes})` : bytes;
}

function pythonExample(features: readonly ExampleFeature[]): string[] {
  const lines = features.map(({ name, dtype, shape }) => {
    const [list, message, value] = featureList(name, dtype);
    const count = sizeFromShape(sizesOf(shape));
    const values = count === 1 ? `[${value}]` : `[${value}] * ${count}`;
    return `    ${jsonText(name)}: tf.train.Feature(${list}=tf.train.${message}(value=${values})),`;
  });
  return ['example = tf.train.Example(features=tf.train.Features(feature={', ...lines, '}))'];
}

function featureList(name: string, dtype: string): readonly [string, string, string] {
  if (dtype === 'float32') return ['float_list', 'FloatList', '0.5'];
  if (dtype !== 'string') return ['int64_list', 'Int64List', '1'];
  const content = contentOf(name, dtype);
  return ['bytes_list', 'BytesList', content === null ? 'b"text"' : pythonContent(name, content)];
}
