import type { Random } from '../../../src/data/dataset/random.js';
import { elementTypeOf } from '../../../src/saved-model/checkpoint/element-type.js';
import { dataTypeOf, type DType } from '../../../src/tensorflow/data-type.js';
import type { ElementValues } from '../../../src/tensorflow/tensor-value.js';

/** Values of any type from random bits: for floats also NaN, infinities and the smallest numbers. */
export function drawValues(dtype: DType, count: number, random: Random): ElementValues {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = (length: number) => Uint8Array.from({ length }, () => below(256));
  if (dtype === 'string') return Array.from({ length: count }, () => bytes(below(9)));
  const type = elementTypeOf(dataTypeOf(dtype));
  if (!type) throw new Error(`No file holds ${dtype}.`);
  const values = type.toValues(bytes(count * type.bytes).buffer) as Uint8Array;
  if (dtype === 'bool') return values.map((byte) => byte % 2);
  if (!/^(?:b?float|complex)/.test(dtype) || count === 0 || random() < 0.5) return values;
  // Random bits rarely give one of these.
  values.set([[NaN, Infinity, -Infinity, -0][below(4)] ?? 0], below(values.length));
  return values;
}
