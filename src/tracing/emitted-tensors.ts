import { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type { TracedSize } from './concrete-function.js';
import type { SizeSource } from './size-expression.js';
import type { TapeNode, TapeValue } from './tape-nodes.js';

/** The names in the graph of the values of a function's first trace, and where the graph may read a size. */
export class EmittedTensors {
  readonly #names = new Map<TapeNode, readonly string[]>();
  /** Type and size of each tensor except constants, by its name. */
  readonly tracedSizes = new Map<string, TracedSize>();
  /** The sizes of arguments. */
  readonly arguments: SizeSource[] = [];
  /** Those of results so far, on which a later constant may depend. */
  readonly #results: SizeSource[] = [];

  /**
   * Names the outputs of a node.
   *
   * @param nodes The same node in every trace.
   */
  define(nodes: readonly TapeNode[], names: readonly string[]): void {
    const [node] = nodes;
    if (!node) return;
    this.#names.set(node, names);
    const sources = node.kind === 'argument' ? this.arguments : this.#results;
    names.forEach((tensor, output) => {
      const shapes = nodes.map((each) => each.outputs[output]?.shape ?? []);
      const dataType = node.outputs[output]?.dataType ?? DataType.DT_INVALID;
      sources.push({ tensor, dataType, shapes });
      this.tracedSizes.set(tensor, {
        dataType,
        elements: (shapes[0] ?? []).reduce((product, size) => product * size, 1),
      });
    });
  }

  /** The name of a value; undefined for a constant, which has none before it is used. */
  nameOf({ node, output }: TapeValue): string | undefined {
    return this.#names.get(node)?.[output];
  }

  /** Where the sizes in a constant may come from: the other inputs of its consumer, then arguments, then all before it. */
  sourcesFor(consumer: TapeNode | undefined): SizeSource[] {
    const names = consumer?.kind === 'op' ? consumer.inputs.map((input) => this.nameOf(input)) : [];
    const all = [...this.arguments, ...this.#results];
    return [...all.filter(({ tensor }) => names.includes(tensor)), ...all];
  }
}
