import * as tf from '../tensorflow/tf.js';
import type { OpNode, TapeValue, Trace } from './tape-nodes.js';

/** How many numbers a trace computed and what they took: multiplications and additions, roughly. The same on every machine. */
export function traceCost({ nodes }: Pick<Trace, 'nodes'>): number {
  return nodes.reduce((total, node) => total + (node.kind === 'op' ? opCost(node) : 0), 0);
}

/** What it costs to compute the values of a trace, with those of the functions that it calls: a trace makes up what they give. */
export function valueCost(trace: Pick<Trace, 'nodes'>): number {
  const called = trace.nodes.flatMap((node) =>
    node.kind === 'op' ? node.functions.map((fn) => [node, fn] as const) : [],
  );
  return called.reduce((total, [{ inputs }, fn]) => total + fn.costPerRow * rowsOf(inputs[0]), traceCost(trace));
}

function rowsOf(value: TapeValue | undefined): number {
  return (value && shapeOf(value)[0]) ?? 1;
}

function opCost(node: OpNode): number {
  const elements = node.outputs.reduce((total, { shape }) => total + tf.util.sizeFromShape([...shape]), 0);
  const bodies = node.bodies.reduce((total, { trace }) => total + traceCost(trace), 0);
  const turns = node.op === 'MapDefun' ? (node.outputs[0]?.shape[0] ?? 1) : 1;
  return elements * workPerElement(node.op, node.inputs.map(shapeOf)) + bodies * turns;
}

/** What an op takes for each number that it gives, in multiplications. @param shapes Shapes of its inputs. */
export function workPerElement(op: string, shapes: readonly (readonly number[])[]): number {
  if (op.includes('MatMul')) return shapes[0]?.at(-1) ?? 1;
  if (!op.includes('onv')) return 1;
  // Windows by channels: the filter is the second input, or for gradients one of the others.
  const filter = shapes[1] ?? [];
  return Math.max(1, tf.util.sizeFromShape(filter.slice(0, -1)));
}

function shapeOf({ node, output }: TapeValue): readonly number[] {
  return node.outputs[output]?.shape ?? [];
}
