import { opEntry } from './op-signature.js';
import type { TapeNode, TapeValue } from './tape-nodes.js';

const known = new WeakMap<TapeNode, boolean>();

/**
 * Whether a value on a tape depends on the values of arguments, variables or assets. What does not is computed from sizes and constants
 * alone, so that a run on made-up elements has shown its value for these sizes.
 */
export function dependsOnValues({ node }: TapeValue): boolean {
  const before = known.get(node);
  if (before !== undefined) return before;
  const depends = find(node);
  known.set(node, depends);
  return depends;
}

function find(node: TapeNode): boolean {
  switch (node.kind) {
    case 'constant':
      return false;
    case 'argument':
      return node.outer === undefined || dependsOnValues(node.outer);
    case 'op':
      if (node.op === 'Shape') return false;
      return (
        opEntry(node.op)[2] || node.bodies.length > 0 || node.functions.length > 0 || node.inputs.some(dependsOnValues)
      );
    default:
      return true;
  }
}
