import type { Signature } from '../../../saved-model/read/read-saved-model.js';
import type { DType } from '../../../tensorflow/data-type.js';
import { sizeFromShape } from '../../../tracing/tensor-spec.js';
import type { TensorValue } from '../../../tensorflow/tensor-value.js';
import { checkRows, hasRows, type SizeLimits } from '../../limits/check-size.js';
import { refuse, ServingError, type StatusCode } from '../../serving-error.js';
import type { JsonTape } from './json-tape.js';
import { checkShape, isBase64Object, maxRank, shapeOf, TensorFiller } from './json-tensor.js';
import { formatError, parseBody, root, signatureNameIn } from './parse-body.js';

/** `instances`, a list of examples, or `inputs`, one tensor per input. Answers come in the same form. */
export type PredictFormat = 'row' | 'columnar';

/** Content of the body of a predict request. */
export interface PredictBody {
  readonly signatureName: string | undefined;
  readonly format: PredictFormat;
  readonly inputs: Readonly<Record<string, TensorValue>>;
}

/**
 * Reads the body of `POST /v1/models/NAME:predict`.
 *
 * Source of rules and texts: tensorflow_serving/util/json_tensor.cc, `FillPredictRequestFromJson`.
 *
 * @param findSignature Finds inputs and outputs; throws for an unknown name.
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED` for too many rows or values.
 */
export function readPredictBody(
  bytes: Buffer,
  findSignature: (name: string | undefined) => Pick<Signature, 'inputs' | 'outputs'>,
  limits: SizeLimits = {},
): PredictBody {
  return parseBody(bytes, (tape) => readTape(tape, findSignature, limits));
}

function readTape(
  tape: JsonTape,
  findSignature: Parameters<typeof readPredictBody>[1],
  { maxRows }: SizeLimits,
): PredictBody {
  const signatureName = signatureNameIn(tape);
  const signature = findSignature(signatureName);
  const { inputs: tensors } = signature;
  const dtypes = new Map(Object.entries(tensors).map(([name, { spec }]) => [name, spec.dtype] as const));
  if (dtypes.size === 0) refuse(`Failed to get input map for signature: ${signatureName ?? 'DEFAULT'}`);
  const instances = tape.member(root, 'instances');
  const inputs = tape.member(root, 'inputs');
  if (instances !== undefined && inputs !== undefined) {
    const complaint = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ";
    throw formatError(tape, root, complaint);
  }
  if (instances !== undefined) {
    // Checked before any value is read.
    if (hasRows(signature)) checkRows(tape.isArray(instances) ? tape.size(instances) : 0, maxRows);
    return { signatureName, format: 'row', inputs: readRows(tape, instances, dtypes) };
  }
  if (inputs !== undefined) return { signatureName, format: 'columnar', inputs: readColumns(tape, inputs, dtypes) };
  refuse("Missing 'inputs' or 'instances' key");
}

type DTypes = ReadonlyMap<string, DType>;

function readRows(tape: JsonTape, instances: number, dtypes: DTypes): Record<string, TensorValue> {
  if (!tape.isArray(instances)) throw formatError(tape, root, "Expecting 'instances' to be an list/array");
  const count = tape.size(instances);
  if (count === 0) throw formatError(tape, root, "No values in 'instances' array");
  const first = instances + 1;
  if (!isNamed(tape, first) && dtypes.size > 1) {
    refuse(
      'instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map',
    );
  }
  const rows = new Map([...dtypes].map(([name, dtype]) => [name, new Rows(tape, dtype, count)] as const));
  const [only = ''] = dtypes.keys();
  const areObjects = isNamed(tape, first);
  let position = 0;
  for (const element of tape.elements(instances)) {
    if (areObjects) addNamed(tape, element, position, rows);
    else addBare(tape, element, position, rows.get(only));
    position += 1;
  }
  return Object.fromEntries([...rows].map(([name, each]) => [name, each.value()]));
}

/** Whether an element is an object of inputs by name. */
function isNamed(tape: JsonTape, element: number): boolean {
  return tape.isObject(element) && !isBase64Object(tape, element);
}

function addNamed(tape: JsonTape, element: number, position: number, rows: ReadonlyMap<string, Rows>): void {
  if (!isNamed(tape, element)) refuse(`Expecting object but got list at item ${position} of input list`);
  const seen = new Set<string>();
  for (const [name, value] of tape.members(element)) {
    const place = `element: ${position} key: ${name}`;
    const row = rows.get(name);
    if (!row) fail(place, `JSON object: does not have named input: ${name}`);
    if (seen.has(name)) fail(place, 'The key occurs twice.');
    seen.add(name);
    at(place, () => row.add(value));
  }
  if (seen.size === rows.size) return;
  refuse(
    `Failed to process element: ${position} of 'instances' list. JSON object: ${tape.shown(element)} keys must be equal to: ${[...rows.keys()].toSorted().join(',')}`,
  );
}

function addBare(tape: JsonTape, element: number, position: number, row: Rows | undefined): void {
  if (isNamed(tape, element)) refuse(`Expecting value/list but got object at item ${position} of input list`);
  at(`element: ${position}`, () => row?.add(element));
}

function at(place: string, add: () => void): void {
  try {
    add();
  } catch (error) {
    if (error instanceof ServingError) fail(place, error.message, error.status);
    throw error;
  }
}

/** The elements of one input, all of the same shape as the first. */
class Rows {
  #filler: TensorFiller | undefined;
  #shape: readonly number[] = [];

  constructor(
    private readonly tape: JsonTape,
    private readonly dtype: DType,
    private readonly count: number,
  ) {}

  add(value: number): void {
    const { tape } = this;
    const shape = shapeOf(tape, value, maxRank - 1);
    if (!this.#filler) {
      this.#shape = shape;
      this.#filler = new TensorFiller(this.dtype, mostValues(tape, [this.count, ...shape]));
    } else if (String(shape) !== String(this.#shape)) {
      checkShape(tape, value, shape);
      const [size, expected] = [sizeFromShape(shape), sizeFromShape(this.#shape)];
      if (size !== expected) refuse(`Expecting tensor size: ${expected} but got: ${size}`);
      refuse(`Expecting shape [${this.#shape.join(',')}] but got: [${shape.join(',')}]`);
    }
    this.#filler.add(tape, value, shape);
  }

  value(): TensorValue {
    const { dtype, count } = this;
    return { dtype, shape: [count, ...this.#shape], values: this.#filler?.values ?? [] };
  }
}

function readColumns(tape: JsonTape, inputs: number, dtypes: DTypes): Record<string, TensorValue> {
  if (!isNamed(tape, inputs)) {
    const [[name, dtype] = ['', 'float32' as const], ...others] = dtypes;
    if (others.length === 0) return { [name]: readTensor(tape, inputs, dtype) };
    refuse(
      'inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map',
    );
  }
  const entries = [...dtypes].map(([name, dtype]) => {
    const value = tape.member(inputs, name);
    if (value === undefined) refuse(`Missing named input: ${name} in 'inputs' object.`);
    return [name, readTensor(tape, value, dtype)] as const;
  });
  return Object.fromEntries(entries);
}

function readTensor(tape: JsonTape, value: number, dtype: DType): TensorValue {
  const shape = shapeOf(tape, value);
  const filler = new TensorFiller(dtype, mostValues(tape, shape));
  filler.add(tape, value, shape);
  return { dtype, shape, values: filler.values };
}

/** A shape with more values than the text has cannot be filled: some list is shorter than the first. */
function mostValues(tape: JsonTape, shape: readonly number[]): number {
  return Math.min(sizeFromShape(shape), tape.length);
}

function fail(place: string, message: string, status: StatusCode = 'INVALID_ARGUMENT'): never {
  refuse(`Failed to process ${place} of 'instances' list. Error: ${status}: ${message}`);
}
