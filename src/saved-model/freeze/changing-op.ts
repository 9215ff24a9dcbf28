import type { CallableGraph } from './callable-graph.js';

/** Ops that change the state which a later call sees. */
const changing =
  /^(?:Resource)?(?:Sparse)?(?:Assign|Scatter|Apply)|^LookupTable(?:Insert|Remove|Import)|Enqueue|^(?:Stack|Stage)Push/;

/**
 * Finds an op by which a call of a signature changes the state that a later call sees, such as an assignment to a variable.
 *
 * @returns Its type; undefined where no call changes anything.
 */
export function changingOp({ main, functions }: CallableGraph): string | undefined {
  return [...main, ...functions.flatMap(({ nodeDef }) => nodeDef)].find(({ op }) => changing.test(op))?.op;
}
