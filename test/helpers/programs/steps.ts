import type { Step } from './program.js';
import { isNumber, Scope, type Value } from './scope.js';
import { constantOf, grouped, joined } from './sizes.js';

/** A kind of step, which adds its result to the scope, or nothing if no value fits. */
export interface StepKind {
  readonly weight: number;
  /** Only in programs that do unusual things. */
  readonly wild?: boolean;
  readonly hasBody?: boolean;
  /** Whether it has a gradient. */
  readonly isSmooth?: boolean;
  readonly write: (scope: Scope, step: Step) => unknown;
}

const isFloat = ({ dtype }: Value) => dtype === 'float32';
const ofRank =
  (least: number, most = 4) =>
  (value: Value) =>
    isFloat(value) && value.dims.length >= least && value.dims.length <= most;
const list = (sizes: readonly (string | number)[]) => `[${sizes.join(', ')}]`;
const at = <T>(all: readonly T[], k: number): T => all[k % all.length] as T;
/** The axis that a step chooses. */
const axisOf = ({ dims }: Value, { b }: Step) => b % Math.max(1, dims.length);
const replaced = (dims: readonly string[], axis: number, size: string) =>
  dims.map((old, i) => (i === axis ? size : old));
const without = (dims: readonly string[], axis: number) => dims.filter((_, i) => i !== axis);

/** Whether a size may be the number of pixels of a picture, whose square would not fit into memory. */
const isProduct = (size = '') => size.includes('*');

/** Writes a step that needs a float tensor with a rank in a range. */
function onFloat(least: number, most: number, write: (scope: Scope, x: Value, step: Step) => unknown) {
  return (scope: Scope, step: Step) => {
    const x = scope.pick(step.a, ofRank(least, most));
    if (x) write(scope, x, step);
  };
}

/** Writes the steps of a body in a new scope, and returns that scope. */
function writeBody(scope: Scope, argument: Value | null, steps: readonly Step[], isSmooth = scope.isSmooth) {
  const inner = new Scope(scope.state, scope, isSmooth);
  if (argument) inner.declare(argument);
  writeSteps(inner, steps);
  return inner;
}

export function writeSteps(scope: Scope, steps: readonly Step[]): void {
  for (const step of steps) {
    const kind = stepKinds[step.kind];
    if (kind && (!scope.isSmooth || kind.isSmooth)) kind.write(scope, step);
  }
}

const broadcasts = (a: Value, b: Value) => {
  const [x, y] = [[...a.dims].reverse(), [...b.dims].reverse()];
  return y.length <= x.length && y.every((size, i) => size === x[i] || size === '1');
};

/** Every kind of step, by name. */
export const stepKinds: Readonly<Record<string, StepKind>> = {
  unary: {
    weight: 6,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, { k }) => {
      const op = at(['relu', 'neg', 'abs', 'square', 'sigmoid', 'tanh', 'sin', 'softplus', 'elu', 'cos', 'atan', 'leakyRelu'], k);
      scope.add(`tf.${op}(${x.name})`, 'float32', x.dims);
    }),
  },
  root: { weight: 1, isSmooth: true, write: onFloat(0, 4, (scope, x) => scope.add(`tf.sqrt(tf.add(tf.abs(${x.name}), 1))`, 'float32', x.dims)) },
  round: { weight: 1, write: onFloat(0, 4, (scope, x, { k }) => scope.add(`tf.${at(['floor', 'ceil', 'round', 'sign'], k)}(tf.add(tf.mul(${x.name}, 1.7), 0.137))`, 'float32', x.dims)) },
  clip: { weight: 1, isSmooth: true, write: onFloat(0, 4, (scope, x) => scope.add(`tf.clipByValue(${x.name}, -0.5, 0.75)`, 'float32', x.dims)) },
  withNumber: {
    weight: 3,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, { k }) => scope.add(`tf.${at(['mul', 'add', 'sub', 'maximum', 'minimum'], k)}(${x.name}, ${at([0.5, 2, -1, 0.25], k >> 3)})`, 'float32', x.dims)),
  },
  binary: {
    weight: 6,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, { b, k }) => {
      const y = scope.pick(b, (value) => isFloat(value) && broadcasts(x, value)) ?? x;
      scope.add(`tf.${at(['add', 'mul', 'sub', 'maximum', 'minimum', 'squaredDifference'], k)}(${x.name}, ${y.name})`, 'float32', x.dims);
    }),
  },
  divide: {
    weight: 1,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, { b }) => {
      const y = scope.pick(b, (value) => isFloat(value) && broadcasts(x, value)) ?? x;
      scope.add(`tf.div(${x.name}, tf.add(tf.abs(${y.name}), 1))`, 'float32', x.dims);
    }),
  },
  reduce: {
    weight: 4,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const op = at(['mean', 'sum', 'max', 'min', 'mean'], step.k);
      const [axis, keeps] = [axisOf(x, step), step.k % 2 === 0];
      if (step.k % 7 === 3) return scope.add(`tf.${op}(${x.name})`, 'float32', []);
      return scope.add(`tf.${op}(${x.name}, ${axis}, ${keeps})`, 'float32', keeps ? replaced(x.dims, axis, '1') : without(x.dims, axis));
    }),
  },
  moments: {
    weight: 1,
    isSmooth: true,
    write: onFloat(2, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      scope.add(`tf.div(tf.sub(${x.name}, tf.mean(${x.name}, ${axis}, true)), tf.sqrt(tf.add(tf.moments(${x.name}, ${axis}, true).variance, 0.1)))`, 'float32', x.dims);
    }),
  },
  argMax: {
    weight: 1,
    write: onFloat(1, 4, (scope, x, step) => scope.add(`tf.argM${at(['ax', 'in'], step.k)}(${x.name}, ${axisOf(x, step)})`, 'int32', without(x.dims, axisOf(x, step)))),
  },
  softmax: { weight: 1, isSmooth: true, write: onFloat(1, 4, (scope, x) => scope.add(`tf.softmax(${x.name})`, 'float32', x.dims)) },
  cumsum: { weight: 1, isSmooth: true, write: onFloat(1, 4, (scope, x, step) => scope.add(`tf.cumsum(${x.name}, ${axisOf(x, step)}, ${step.k % 2 === 1}, ${step.k % 3 === 1})`, 'float32', x.dims)) },
  reverse: { weight: 1, isSmooth: true, write: onFloat(1, 4, (scope, x, step) => scope.add(`tf.reverse(${x.name}, ${axisOf(x, step)})`, 'float32', x.dims)) },
  transpose: {
    weight: 2,
    isSmooth: true,
    write: onFloat(2, 4, (scope, x, { b }) => {
      const order = x.dims.map((_, i) => (i + 1 + (b % (x.dims.length - 1 || 1))) % x.dims.length);
      scope.add(`tf.transpose(${x.name}, ${list(order)})`, 'float32', order.map((i) => x.dims[i] ?? '1'));
    }),
  },
  flatten: {
    weight: 2,
    isSmooth: true,
    write: onFloat(2, 4, (scope, x, { k }) => {
      const [first = '1', ...rest] = x.dims;
      const product = (sizes: readonly string[]) => sizes.map(grouped).join(' * ') || '1';
      const shapes: [string, readonly string[]][] = [
        [list([first, -1]), [first, product(rest)]],
        ['[-1]', [product(x.dims)]],
        [list([product(x.dims.slice(0, 2)), ...x.dims.slice(2)]), [product(x.dims.slice(0, 2)), ...x.dims.slice(2)]],
        [list([-1, x.dims.at(-1) ?? '1']), [product(x.dims.slice(0, -1)), x.dims.at(-1) ?? '1']],
      ];
      const [shape, dims] = at(shapes, k);
      scope.add(`tf.reshape(${x.name}, ${shape})`, 'float32', dims);
    }),
  },
  expandDims: {
    weight: 1,
    isSmooth: true,
    write: onFloat(0, 3, (scope, x, { b }) => {
      const axis = b % (x.dims.length + 1);
      scope.add(`tf.expandDims(${x.name}, ${axis})`, 'float32', [...x.dims.slice(0, axis), '1', ...x.dims.slice(axis)]);
    }),
  },
  concat: {
    weight: 3,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const fits = (value: Value) => isFloat(value) && value.dims.length === x.dims.length && value.dims.every((size, i) => i === axis || size === x.dims[i]);
      const y = scope.pick(step.k, fits) ?? x;
      const [a = '1', b = '1'] = [x.dims[axis], y.dims[axis]];
      scope.add(`tf.concat([${x.name}, ${y.name}], ${axis})`, 'float32', replaced(x.dims, axis, a === b ? joined(a, '*', 2) : `${grouped(a)} + ${grouped(b)}`));
    }),
  },
  stack: {
    weight: 1,
    isSmooth: true,
    write: onFloat(0, 3, (scope, x, { b }) => {
      const axis = b % (x.dims.length + 1);
      scope.add(`tf.stack([${x.name}, tf.neg(${x.name})], ${axis})`, 'float32', [...x.dims.slice(0, axis), '2', ...x.dims.slice(axis)]);
    }),
  },
  slice: {
    weight: 5,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const size = scope.within(x, axis, step);
      const begins = x.dims.map((_, i) => (i === axis && step.a % 2 === 1 ? `${grouped(x.dims[axis] ?? '1')} - ${grouped(size)}` : 0));
      scope.add(`tf.slice(${x.name}, ${list(begins)}, ${list(x.dims.map((_, i) => (i === axis ? size : -1)))})`, 'float32', replaced(x.dims, axis, size));
    }),
  },
  sliceFrom: {
    weight: 2,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const begin = scope.within(x, axis, step);
      scope.add(`tf.slice(${x.name}, ${list(x.dims.map((_, i) => (i === axis ? begin : 0)))})`, 'float32', replaced(x.dims, axis, `${grouped(x.dims[axis] ?? '1')} - ${grouped(begin)}`));
    }),
  },
  stridedSlice: {
    weight: 1,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const [size, by] = [x.dims[axis] ?? '1', 2 + (step.k % 2)];
      const ends = x.dims.map(grouped);
      scope.add(`tf.stridedSlice(${x.name}, ${list(x.dims.map(() => 0))}, ${list(ends)}, ${list(x.dims.map((_, i) => (i === axis ? by : 1)))})`, 'float32', replaced(x.dims, axis, `Math.ceil(${grouped(size)} / ${by})`));
    }),
  },
  pad: {
    weight: 2,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const [before, after] = [step.k % 3, (step.k >> 2) % 3];
      scope.add(`tf.pad(${x.name}, ${list(x.dims.map((_, i) => (i === axis ? list([before, after]) : '[0, 0]')))})`, 'float32', replaced(x.dims, axis, joined(x.dims[axis] ?? '1', '+', before + after)));
    }),
  },
  padTo: {
    weight: 3,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const size = x.dims[axis] ?? '1';
      const to = `Math.max(${size}, ${scope.beyond(x, axis, step)})`;
      const lack = `${to} - ${grouped(size)}`;
      const paddings = step.a % 2 === 0 ? list([0, lack]) : list([`Math.floor((${lack}) / 2)`, `(${lack}) - Math.floor((${lack}) / 2)`]);
      scope.add(`tf.${at(['pad', 'pad', 'mirrorPad'], 0)}(${x.name}, ${list(x.dims.map((_, i) => (i === axis ? paddings : '[0, 0]')))})`, 'float32', replaced(x.dims, axis, to));
    }),
  },
  tile: {
    weight: 1,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      scope.add(`tf.tile(${x.name}, ${list(x.dims.map((_, i) => (i === axis ? 2 : 1)))})`, 'float32', replaced(x.dims, axis, joined(x.dims[axis] ?? '1', '*', 2)));
    }),
  },
  gather: {
    weight: 2,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const size = scope.within(x, axis, step);
      scope.add(`tf.gather(${x.name}, tf.range(0, ${size}, 1, 'int32'), ${axis})`, 'float32', replaced(x.dims, axis, size));
    }),
  },
  pickRow: {
    weight: 1,
    isSmooth: true,
    write: onFloat(2, 4, (scope, x, step) => {
      const index = at(['0', `${grouped(x.dims[0] ?? '1')} - 1`, `Math.floor(${grouped(x.dims[0] ?? '1')} / 2)`], step.k);
      scope.add(`tf.gather(${x.name}, ${index})`, 'float32', x.dims.slice(1));
    }),
  },
  sizeAsNumber: {
    weight: 4,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, step) => {
      const source = scope.pick(step.b, ({ dims }) => dims.length > 0) ?? x;
      const size = scope.beyond(source, step.k % Math.max(1, source.dims.length), step);
      const [op, from] = at([['mul', '0'], ['add', '0'], ['div', '1'], ['minimum', '0'], ['sub', '0']] as const, step.k >> 2);
      scope.add(`tf.${op}(${x.name}, ${from === '1' ? `Math.max(1, ${size})` : size})`, 'float32', x.dims);
    }),
  },
  filled: {
    weight: 3,
    isSmooth: true,
    write: onFloat(0, 3, (scope, x, step) => {
      const source = scope.pick(step.b, ({ dims }) => dims.length > 0) ?? x;
      const size = scope.beyond(source, step.k % Math.max(1, source.dims.length), step);
      const made = at([`tf.ones([${size}])`, `tf.zeros([${size}])`, `tf.fill([${size}], 0.5)`, `tf.range(0, ${size})`, `tf.linspace(0, 1, Math.max(2, ${size}))`], step.k >> 5);
      const length = made.includes('linspace') ? `Math.max(2, ${size})` : size;
      scope.add(`tf.add(${made}, tf.mean(${x.name}))`, 'float32', [length]);
    }),
  },
  outer: {
    weight: 1,
    isSmooth: true,
    write: onFloat(1, 1, (scope, x, { b }) => {
      const y = scope.pick(b, ofRank(1, 1)) ?? x;
      if (isProduct(x.dims[0]) || isProduct(y.dims[0])) return;
      scope.add(`tf.mul(tf.expandDims(${x.name}, 1), ${y.name})`, 'float32', [x.dims[0] ?? '1', y.dims[0] ?? '1']);
    }),
  },
  matMul: {
    weight: 3,
    isSmooth: true,
    write: (scope, { a, k }) => {
      const x = scope.pick(a, (value) => isFloat(value) && [2, 3].includes(value.dims.length) && isNumber(value.dims.at(-1) ?? ''));
      if (!x) return;
      const inner = Number(x.dims.at(-1));
      if (inner < 1 || inner > 64) return;
      const columns = 2 + (k % 3);
      scope.add(`tf.matMul(${x.name}, weights([${inner}, ${columns}]))`, 'float32', [...x.dims.slice(0, -1), String(columns)]);
    },
  },
  gram: {
    weight: 1,
    isSmooth: true,
    write: onFloat(2, 3, (scope, x, { k }) => {
      const [rows = '1', columns = '1'] = x.dims.slice(-2);
      const [flags, size] = k % 2 === 0 ? ['false, true', rows] : ['true, false', columns];
      if (isProduct(size)) return;
      scope.add(`tf.mul(tf.matMul(${x.name}, ${x.name}, ${flags}), 0.01)`, 'float32', [...x.dims.slice(0, -2), size, size]);
    }),
  },
  conv: {
    weight: 2,
    isSmooth: true,
    write: (scope, { a, k }) => {
      const x = scope.pick(a, (value) => isFloat(value) && value.dims.length === 4 && isNumber(value.dims[3] ?? '') && Number(value.dims[3]) <= 16);
      if (!x || Number(x.dims[3]) === 0) return;
      const [n = '1', h = '1', w = '1', c = '1'] = x.dims;
      const [stride, padding] = [1 + (k % 2), at(['same', 'valid'], k >> 1)];
      const out = (size: string) => (padding === 'same' ? (stride === 1 ? size : `Math.ceil(${grouped(size)} / 2)`) : stride === 1 ? joined(size, '-', 2) : `Math.floor((${size} - 1) / 2)`);
      scope.add(`tf.conv2d(${x.name}, weights([3, 3, ${c}, 2]), ${stride}, '${padding}')`, 'float32', [n, out(h), out(w), '2']);
    },
  },
  pool: {
    weight: 2,
    isSmooth: true,
    write: onFloat(4, 4, (scope, x, { k }) => {
      const [n = '1', h = '1', w = '1', c = '1'] = x.dims;
      const [kind, padding] = [at(['max', 'avg'], k), at(['same', 'valid'], k >> 1)];
      const out = (size: string) => `Math.${padding === 'same' ? 'ceil' : 'floor'}(${grouped(size)} / 2)`;
      scope.add(`tf.${kind}Pool(${x.name}, 2, 2, '${padding}')`, 'float32', [n, out(h), out(w), c]);
    }),
  },
  resize: {
    weight: 2,
    isSmooth: true,
    write: onFloat(3, 4, (scope, x, step) => {
      const first = x.dims.length - 3;
      const h = step.k % 5 === 0 ? '8' : `Math.max(1, ${scope.beyond(x, first, step)})`;
      const w = step.k % 5 < 2 ? '6' : `Math.max(1, ${scope.beyond(x, first + 1, { ...step, k: step.k >> 1 })})`;
      const kind = at(['Bilinear', 'NearestNeighbor'], step.a);
      scope.add(`tf.image.resize${kind}(${x.name}, [${h}, ${w}])`, 'float32', [...x.dims.slice(0, first), h, w, x.dims.at(-1) ?? '1']);
    }),
  },
  topk: {
    weight: 1,
    write: onFloat(1, 3, (scope, x, step) => {
      const size = scope.within(x, x.dims.length - 1, step);
      scope.add(`tf.topk(${x.name}, ${size}).values`, 'float32', replaced(x.dims, x.dims.length - 1, size));
    }),
  },
  eye: {
    weight: 1,
    isSmooth: true,
    write: onFloat(2, 2, (scope, x, { k }) => {
      const [rows = '1'] = x.dims;
      if (isProduct(rows)) return;
      scope.add(`tf.matMul(tf.eye(${rows}), ${x.name})`, 'float32', x.dims);
      if (k % 2 === 1) scope.add(`tf.linalg.bandPart(${x.name}, 1, 1)`, 'float32', x.dims);
    }),
  },
  split: {
    weight: 1,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const axis = axisOf(x, step);
      const size = scope.within(x, axis, step);
      const rest = `${grouped(x.dims[axis] ?? '1')} - ${grouped(size)}`;
      scope.add(`tf.split(${x.name}, [${size}, ${rest}], ${axis})[${step.a % 2}]`, 'float32', replaced(x.dims, axis, step.a % 2 === 0 ? size : rest));
    }),
  },
  patches: {
    weight: 1,
    isSmooth: true,
    write: onFloat(2, 4, (scope, x, { k }) => {
      const [size = '1', ...rest] = x.dims;
      if (rest.length > 2) return;
      const by = at([2, 3, 4], k);
      const count = `Math.floor(${grouped(size)} / ${by})`;
      const whole = `tf.slice(${x.name}, ${list(x.dims.map(() => 0))}, ${list([`${count} * ${by}`, ...rest.map(() => -1)])})`;
      scope.add(`tf.reshape(${whole}, ${list([count, by, ...rest])})`, 'float32', [count, String(by), ...rest]);
    }),
  },
  compare: {
    weight: 1,
    write: onFloat(0, 4, (scope, x, { k }) => scope.add(`tf.${at(['greater', 'less', 'greaterEqual'], k)}(${x.name}, 0.137)`, 'bool', x.dims)),
  },
  where: {
    weight: 2,
    write: (scope, { a, b }) => {
      const mask = scope.pick(a, ({ dtype }) => dtype === 'bool');
      const x = mask && scope.pick(b, (value) => isFloat(value) && value.dims.join() === mask.dims.join());
      if (mask && x) scope.add(`tf.where(${mask.name}, ${x.name}, tf.zerosLike(${x.name}))`, 'float32', x.dims);
    },
  },
  any: {
    weight: 1,
    write: (scope, { a, b, k }) => {
      const mask = scope.pick(a, ({ dtype, dims }) => dtype === 'bool' && dims.length > 0);
      if (mask) scope.add(`tf.${at(['any', 'all'], k)}(${mask.name}, ${b % mask.dims.length})`, 'bool', without(mask.dims, b % mask.dims.length));
    },
  },
  toFloat: {
    weight: 3,
    write: (scope, { a, k }) => {
      const x = scope.pick(a, ({ dtype }) => dtype !== 'float32');
      if (x) scope.add(k % 2 === 0 ? `tf.cast(${x.name}, 'float32')` : `tf.div(tf.cast(${x.name}, 'float32'), 255)`, 'float32', x.dims);
    },
  },
  toOther: {
    weight: 1,
    write: (scope, { a, k }) => {
      const [x, dtype] = [scope.pick(a), at(['int32', 'bool'] as const, k)];
      if (x && x.dtype !== dtype) scope.add(x.dtype === 'float32' ? `tf.cast(tf.round(tf.add(${x.name}, 0.137)), '${dtype}')` : `tf.cast(${x.name}, '${dtype}')`, dtype, x.dims);
    },
  },
  levels: {
    weight: 1,
    write: (scope, { a, k }) => {
      const x = scope.pick(a, ({ dtype }) => dtype === 'int32');
      if (!x) return;
      const numbers = `tf.div(tf.cast(${x.name}, 'float32'), ${at([3, 10, 41, 47, 0.1, 0.3], k)})`;
      scope.add(`tf.cast(tf.${at(['floor', 'ceil', 'round'], k >> 3)}(${k % 2 === 1 ? `tf.mul(${numbers}, 7)` : numbers}), 'int32')`, 'int32', x.dims);
    },
  },
  ints: {
    weight: 2,
    write: (scope, { a, k }) => {
      const x = scope.pick(a, ({ dtype }) => dtype === 'int32');
      const number = (value: number) => `tf.scalar(${value}, 'int32')`;
      const forms = [['add', 2], ['mul', 2], ['maximum', 3], ['minimum', 2], ['mod', 3], ['floorDiv', 2]] as const;
      const [op, value] = at(forms, k);
      if (x) scope.add(`tf.${op}(${x.name}, ${number(value)})`, 'int32', x.dims);
    },
  },
  intShapes: {
    weight: 2,
    write: (scope, step) => {
      const x = scope.pick(step.a, ({ dtype, dims }) => dtype !== 'float32' && dims.length > 0 && dims.length < 4);
      if (!x) return;
      const axis = axisOf(x, step);
      if (step.k % 3 === 0) scope.add(`tf.expandDims(${x.name}, 0)`, x.dtype, ['1', ...x.dims]);
      else if (step.k % 3 === 1) scope.add(`tf.concat([${x.name}, ${x.name}], ${axis})`, x.dtype, replaced(x.dims, axis, joined(x.dims[axis] ?? '1', '*', 2)));
      else scope.add(`tf.sum(tf.cast(${x.name}, 'int32'), ${axis})`, 'int32', without(x.dims, axis));
    },
  },
  oneHot: {
    weight: 1,
    write: (scope, step) => {
      const x = scope.pick(step.a, ({ dtype, dims }) => dtype === 'int32' && dims.length < 3);
      if (x) scope.add(`tf.cast(tf.oneHot(tf.mod(${x.name}, tf.scalar(4, 'int32')), 4), 'float32')`, 'float32', [...x.dims, '4']);
    },
  },
  segmentSum: {
    weight: 1,
    wild: true,
    write: onFloat(1, 2, (scope, x, { k }) => {
      const size = x.dims[0] ?? '1';
      scope.add(`tf.unsortedSegmentSum(${x.name}, tf.tensor1d(Array.from({ length: ${size} }, (_, i) => ${at([`i % 4`, `Math.floor(i / ${constantOf(k >> 2)})`, `i === 0 ? 1 : 0`], k)}), 'int32'), 4)`, 'float32', ['4', ...x.dims.slice(1)]);
    }),
  },
  variable: {
    weight: 2,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, { k }) => scope.add(`tf.${at(['mul', 'add'], k)}(${x.name}, ${at(['w1', 'w2'], k >> 1)})`, 'float32', x.dims)),
  },
  assign: {
    weight: 1,
    write: onFloat(0, 4, (scope, x, { k }) => {
      if (scope.outer) return;
      const variable = at(['w1', 'w2'], k);
      scope.lines.push(`${variable}.assign(${at([`tf.add(${variable}, tf.mean(${x.name}))`, `tf.max(${x.name})`, `tf.mul(${at(['w2', 'w1'], k)}, 1)`], k >> 1)});`);
    }),
  },
  random: {
    weight: 3,
    write: onFloat(1, 3, (scope, x, { k }) => {
      scope.state.isRandom = true;
      const made = at([`randomUniform(${list(x.dims)}, 0, 1, 7)`, `randomNormal(${list(x.dims)}, 0, 1, 7)`], k);
      scope.add(`tf.add(${x.name}, ${made})`, 'float32', x.dims);
    }),
  },
  // Decisions that JavaScript makes by a size.
  choice: {
    weight: 3,
    wild: true,
    isSmooth: true,
    write: onFloat(0, 4, (scope, x, step) => {
      const y = scope.pick(step.b, (value) => isFloat(value) && value.dims.length === x.dims.length) ?? x;
      const source = scope.pick(step.k, ({ dims }) => dims.some((size) => !isNumber(size)));
      const axis = source?.dims.findIndex((size) => !isNumber(size)) ?? -1;
      if (!source || axis < 0) return;
      const condition = scope.condition(source, axis, step);
      scope.add(`${condition} ? ${x.name} : ${y.name}`, 'float32', x.dims.map((size, i) => (size === y.dims[i] ? size : `(${condition} ? ${size} : ${y.dims[i]})`)));
    }),
  },
  chosenVariable: {
    weight: 1,
    wild: true,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => scope.add(`tf.mul(${x.name}, ${scope.condition(x, 0, step)} ? w1 : w2)`, 'float32', x.dims)),
  },
  chosenOp: {
    weight: 1,
    wild: true,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => scope.add(`${scope.condition(x, axisOf(x, step), step)} ? tf.sin(${x.name}) : tf.cos(${x.name})`, 'float32', x.dims)),
  },
  jsLoop: {
    weight: 2,
    wild: true,
    isSmooth: true,
    write: onFloat(1, 4, (scope, x, step) => {
      const turns = at([`Math.floor(${grouped(x.dims[0] ?? '1')} / ${constantOf(step.k >> 3)})`, '3', `Math.min(${x.dims[0] ?? '1'}, 4)`, `Math.ceil(Math.log2(${x.dims[0] ?? '1'}))`], step.k);
      const [name] = [`v${scope.state.count++}`];
      scope.lines.push(`let ${name} = ${x.name};`, `for (let i = 0; i < Math.min(12, ${turns}); i++) ${name} = tf.mul(tf.add(${name}, 0.5), 0.9);`);
      scope.declare({ name, dtype: 'float32', dims: x.dims });
    }),
  },
  tfLoops: {
    weight: 1,
    wild: true,
    write: onFloat(1, 1, (scope, x, { k }) => {
      scope.add(at([`tf.signal.hammingWindow(${Math.max(2, constantOf(k >> 1))})`, `tf.reverse(${x.name})`], k), 'float32', k % 2 === 0 ? [String(constantOf(k >> 1))] : x.dims);
    }),
  },
  // Bodies.
  mapFn: {
    weight: 1,
    hasBody: true,
    write: onFloat(1, 4, (scope, x, { body }) => {
      if (scope.isSmooth) return;
      const row = { name: `e${scope.state.count++}`, dtype: 'float32' as const, dims: x.dims.slice(1) };
      const inner = writeBody(scope, row, body);
      const result = inner.last ?? row;
      scope.add(`mapFn((${row.name}) => {${inner.lines.map((line) => ` ${line}`).join('')} return ${result.name}; }, ${x.name})`, result.dtype, [x.dims[0] ?? '1', ...result.dims]);
    }),
  },
  cond: {
    weight: 1,
    hasBody: true,
    write: onFloat(1, 4, (scope, x, { body, k }) => {
      if (scope.isSmooth) return;
      const inner = writeBody(scope, null, body);
      const result = inner.last ?? x;
      const other = k % 3 === 0 ? scope.pick(k >> 2, ({ dtype, dims }) => dtype === result.dtype && dims.join() === result.dims.join()) : null;
      const otherwise = other?.name ?? `tf.zeros(${list(result.dims)}, '${result.dtype}')`;
      const predicate = at([`tf.greater(tf.mean(${x.name}), 0.137)`, `tf.less(tf.mean(${x.name}), 9)`, `tf.greater(tf.mean(${x.name}), 9)`], k);
      scope.add(`cond(${predicate}, () => {${inner.lines.map((line) => ` ${line}`).join('')} return ${result.name}; }, () => ${otherwise})`, result.dtype, result.dims);
    }),
  },
  whileLoop: {
    weight: 1,
    hasBody: true,
    write: onFloat(1, 4, (scope, x, step) => {
      if (scope.isSmooth) return;
      const turn = `i${scope.state.count++}`;
      const state = { name: `s${scope.state.count++}`, dtype: 'float32' as const, dims: x.dims };
      const inner = writeBody(scope, state, step.body);
      const same = inner.pick(0, ({ dtype, dims, name }) => dtype === 'float32' && dims.join() === x.dims.join() && !scope.values.some((value) => value.name === name)) ?? state;
      const turns = at(['2', '3', `Math.min(3, ${x.dims[0] ?? '1'})`, `Math.min(5, ${scope.within(x, axisOf(x, step), step)})`], step.k);
      scope.add(
        `whileLoop((${turn}) => tf.less(${turn}, tf.scalar(${turns}, 'int32')), (${turn}, ${state.name}) => {${inner.lines.map((line) => ` ${line}`).join('')} return [tf.add(${turn}, tf.scalar(1, 'int32')), tf.mul(${same.name}, 0.9)]; }, [tf.scalar(0, 'int32'), ${x.name}])[1]`,
        'float32',
        x.dims,
      );
    }),
  },
  gradient: {
    weight: 2,
    hasBody: true,
    write: onFloat(1, 4, (scope, x, { body, k }) => {
      const argument = { name: `g${scope.state.count++}`, dtype: 'float32' as const, dims: x.dims };
      const inner = writeBody(scope, argument, body, true);
      const result = inner.last ?? argument;
      const loss = at([`tf.mean(tf.square(${result.name}))`, `tf.sum(tf.sin(${result.name}))`], k);
      // It must depend on the argument.
      const summed = `tf.add(${loss}, tf.mean(${argument.name}))`;
      scope.add(`tf.grad((${argument.name}) => {${inner.lines.map((line) => ` ${line}`).join('')} return ${summed}; })(${x.name})`, 'float32', x.dims);
    }),
  },
  nested: {
    weight: 2,
    hasBody: true,
    write: onFloat(1, 4, (scope, x, { body, k }) => {
      const at0 = scope.state.count++;
      const dims = x.dims.map((size, i) => (isNumber(size) && k % 2 === 0 ? size : `p${at0}_${i}`));
      const argument = { name: `p${at0}`, dtype: 'float32' as const, dims };
      const inner = new Scope(scope.state, null, scope.isSmooth);
      inner.declare(argument);
      writeSteps(inner, body);
      const result = inner.last ?? argument;
      const sizes = dims.map((size) => (isNumber(size) ? '' : size)).join(', ');
      const shape = list(dims.map((size) => (isNumber(size) ? size : 'null')));
      scope.state.prelude.push(
        `const f${at0} = tfFunction((p${at0}) => { const [${sizes}] = p${at0}.shape;${inner.lines.map((line) => ` ${line}`).join('')} return ${result.name}; }, { inputSignature: { p${at0}: tensorSpec('float32', ${shape}) } });`,
      );
      const outside = result.dims.map((size) => size.replace(/p\d+_(\d+)/g, (_, i) => grouped(x.dims[Number(i)] ?? '1')));
      scope.add(`f${at0}(${x.name})`, result.dtype, outside);
    }),
  },
}; // prettier-ignore
