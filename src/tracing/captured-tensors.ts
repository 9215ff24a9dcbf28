import type { DataId } from '../tensorflow/backend.js';
import type { Asset } from './asset.js';
import type { SampleSizes } from './sample-sizes.js';
import type { ArgumentNode, TapeValue } from './tape-nodes.js';

/** The tape around the body of an op, as far as the body needs it. */
export interface OuterTape {
  readonly trace: number;
  readonly sizes: SampleSizes;
  assetValue(asset: Asset): TapeValue;
  dynamicValueOf(dataId: DataId): TapeValue | null;
}

/**
 * What the body of an op takes from the function around it, in the order of first use. The branches of one `cond` share it, since both get the same
 * arguments.
 */
export class CapturedTensors {
  readonly values: TapeValue[] = [];

  /** @param outer Where the op itself is recorded. */
  constructor(readonly outer: OuterTape) {}

  /** The argument of the body that represents a value from outside. */
  argumentFor(value: TapeValue): ArgumentNode {
    let position = this.values.findIndex(({ node, output }) => node === value.node && output === value.output);
    if (position === -1) position = this.values.push(value) - 1;
    const outputs = [value.node.outputs[value.output] ?? { dataType: 0, shape: [] }];
    return { kind: 'argument', name: capturedName(position), outputs, dynamic: true, outer: value };
  }
}

export function capturedName(position: number): string {
  return `captured_${position}`;
}
