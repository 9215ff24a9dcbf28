import { SignetError } from '../errors.js';
import { withListener } from '../tensorflow/mended/op-listener.js';
import * as tf from '../tensorflow/tf.js';
import { attr } from '../tracing/attr-value.js';
import { traceBody } from '../tracing/body.js';
import { CapturedTensors } from '../tracing/captured-tensors.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import { type Shape, tensorSpec } from '../tracing/tensor-spec.js';
import { sampleOfType } from '../tracing/trace.js';
import { currentRandomStep, drawingBodies } from './random-step.js';

/** How `whileLoop` runs. */
export interface WhileLoopOptions {
  /** Sizes of the loop's variables, null where one changes from turn to turn. Default: every variable keeps its shape. */
  readonly shapeInvariants?: readonly Shape[];
  /** Maximum number of turns: the loop ends after that, whatever the condition says. Default: any number. */
  readonly maximumIterations?: number;
}

/**
 * `while (condition(...v)) v = body(...v)`: in a graph, decided turn by turn when the graph runs.
 *
 * @param condition Returns a bool scalar.
 * @param body Returns the loop's variables for the next turn, of the same types and ranks. Both may use any tensor or variable of their surroundings,
 *   but must not assign variables.
 * @param loopVariables What the first turn gets.
 * @returns What the last turn returned; the caller owns it.
 * @throws SignetError `NOT_TRACEABLE` while tracing, when the body's results do not fit the loop's variables.
 */
export function whileLoop<const Variables extends readonly tf.Tensor[]>(
  condition: (...loopVariables: LoopVariables<Variables>) => tf.Tensor,
  body: (...loopVariables: LoopVariables<Variables>) => LoopVariables<Variables>,
  loopVariables: Variables,
  options: WhileLoopOptions = {},
): LoopVariables<Variables> {
  const isCounted = currentRandomStep() !== null || options.maximumIterations !== undefined;
  const run = isCounted ? countedLoop : loop;
  return run(condition as never, body as never, loopVariables, options) as unknown as LoopVariables<Variables>;
}

/** The same number of tensors, of any rank. */
export type LoopVariables<Variables extends readonly tf.Tensor[]> = { -readonly [K in keyof Variables]: tf.Tensor };

type Condition = (...loopVariables: tf.Tensor[]) => tf.Tensor;
type Body = (...loopVariables: tf.Tensor[]) => tf.Tensor[];

/** Runs a loop that counts its turns, for a limit and so that each turn draws different numbers. */
function countedLoop(
  condition: Condition,
  body: Body,
  loopVariables: readonly tf.Tensor[],
  { maximumIterations, shapeInvariants = [] }: WhileLoopOptions,
): tf.Tensor[] {
  const [inCondition, inBody] = [drawingBodies(), drawingBodies()];
  const first = tf.scalar(0, 'int32');
  const [turns, ...results] = loop(
    (turn = first, ...variables) => {
      const runCondition = () => inCondition(turn, () => condition(...variables));
      if (maximumIterations === undefined) return runCondition();
      return tf.logicalAnd(tf.less(turn, tf.scalar(maximumIterations, 'int32')), runCondition());
    },
    (turn = first, ...variables) => [tf.add(turn, tf.scalar(1, 'int32')), ...inBody(turn, () => body(...variables))],
    [first, ...loopVariables],
    // A shape for every variable, so that each stays in its place behind the counter's.
    { shapeInvariants: [[], ...loopVariables.map(({ shape }, i) => shapeInvariants[i] ?? shape)] },
  );
  tf.dispose([first, turns]);
  return results;
}

function loop(
  condition: Condition,
  body: Body,
  loopVariables: readonly tf.Tensor[],
  options: WhileLoopOptions,
): tf.Tensor[] {
  const tape = currentTape();
  if (tape) return recordLoop(tape, condition, body, loopVariables, options);
  let current: readonly tf.Tensor[] = loopVariables;
  while (tf.tidy(() => condition(...current).dataSync()[0])) {
    const previous = current;
    current = tf.tidy(() => body(...previous));
    checkCount(loopVariables.length, current.length);
    for (const tensor of previous) if (!loopVariables.includes(tensor) && !current.includes(tensor)) tensor.dispose();
  }
  return current.map((tensor) => (loopVariables.includes(tensor) ? tf.clone(tensor) : tensor));
}

function recordLoop(
  tape: Tape,
  condition: Condition,
  body: Body,
  loopVariables: readonly tf.Tensor[],
  { shapeInvariants = [] }: WhileLoopOptions,
): tf.Tensor[] {
  const shapes = loopVariables.map((variable, i) => shapeInvariants[i] ?? variable.shape);
  const types = loopVariables.map((variable) => tape.dataTypeOf(variable));
  const samples = () =>
    withListener(null, () =>
      shapes.map((shape, i) =>
        sampleOfType(
          types[i] ?? 0,
          shape.map((size) => (typeof size === 'number' ? size : tape.freshSize())),
        ),
      ),
    );
  const captured = new CapturedTensors(tape);
  const inputs = samples().map((sample, i) => ({ name: `loop_${i}`, dataType: types[i] ?? 0, sample }));
  const condBody = traceBody({ attribute: 'cond', inputs, captured, fn: (...variables) => [condition(...variables)] });
  const loopBody = traceBody({ attribute: 'body', inputs, captured, fn: body, returnsCaptured: true });
  checkCount(loopVariables.length, loopBody.results.length);
  loopBody.results.forEach((result, i) => {
    const expected = tensorSpec(loopVariables[i]?.dtype as 'float32', shapes[i] ?? []);
    if (!expected.accepts(result)) throw changes(i, String(expected), `${result.dtype}[${result.shape.join(', ')}]`);
  });
  const capturedTypes = captured.values.map(({ node, output }) => node.outputs[output]?.dataType ?? 0);
  const outputs = samples();
  // What the loop passes on follows its variables among the results of the op; nobody takes it.
  tape.record({
    op: 'StatelessWhile',
    attributes: { T: attr.types([...types, ...capturedTypes]), parallel_iterations: attr.int(10) },
    inputs: [...loopVariables, ...captured.values],
    outputs,
    bodies: [condBody, loopBody],
  });
  return outputs;
}

function checkCount(expected: number, received: number): void {
  if (expected === received) return;
  throw new SignetError(
    'NOT_TRACEABLE',
    `The body of whileLoop returns the ${expected} variables of the loop. Received: ${received}.`,
  );
}

function changes(position: number, expected: string, received: string): SignetError {
  return new SignetError(
    'NOT_TRACEABLE',
    `Variable ${position} of whileLoop starts as ${expected} and the body makes it ${received}. Keep type and shape, or ` +
      'give null for the sizes that change in shapeInvariants.',
  );
}
