import type { DType } from '../../../src/tensorflow/data-type.js';

/** An argument of a program: known sizes are numbers, others are names of JavaScript constants. */
export interface ArgumentOf {
  readonly dtype: DType;
  readonly dims: readonly string[];
  /** Names of dimensions that the input signature names too, because another argument has the same size. */
  readonly shared?: readonly string[];
}

/** Input signatures of random programs, simplest first. */
export const signatures: readonly Readonly<Record<string, ArgumentOf>>[] = [
  { x: { dtype: 'float32', dims: ['n', '4'] } },
  { x: { dtype: 'float32', dims: ['n'] } },
  { x: { dtype: 'float32', dims: ['n', 'm'] } },
  { x: { dtype: 'float32', dims: ['n', 'h', 'w', '3'] } },
  { x: { dtype: 'float32', dims: ['h', 'w', '3'] } },
  { x: { dtype: 'uint8', dims: ['n', 'h', 'w', '3'] } },
  { x: { dtype: 'uint8', dims: ['h', 'w', '3'] } },
  { x: { dtype: 'float32', dims: ['n', 't', '4'] } },
  { x: { dtype: 'int32', dims: ['n', 'm'] } },
  { x: { dtype: 'int64', dims: ['n', 'm'] } },
  { x: { dtype: 'float32', dims: ['1', 'h', 'w', '3'] } },
  { x: { dtype: 'float32', dims: ['n', '8', '8', '2'] } },
  { x: { dtype: 'float32', dims: ['n', 'm'], shared: ['n'] }, y: { dtype: 'float32', dims: ['n', '3'], shared: ['n'] } },
  { x: { dtype: 'float32', dims: ['n', 'm'], shared: ['m'] }, y: { dtype: 'float32', dims: ['k', 'm'], shared: ['m'] } },
  { x: { dtype: 'float32', dims: ['h', 'w'] }, y: { dtype: 'float32', dims: [] } },
  { x: { dtype: 'float32', dims: ['n', 'h', 'w', '1'], shared: ['n'] }, y: { dtype: 'int32', dims: ['n'], shared: ['n'] } },
  { x: { dtype: 'bool', dims: ['n', 'm'] } },
]; // prettier-ignore
