import { compositeCases } from './coverage/composite-cases.js';
import type { CoverageCase } from './coverage/coverage-case.js';
import { elementwiseCases } from './coverage/elementwise-cases.js';
import { imageCases } from './coverage/image-cases.js';
import { layerCases } from './coverage/layer-cases.js';
import { reductionAndMatrixCases } from './coverage/reduction-cases.js';
import { shapeCases } from './coverage/shape-cases.js';

export { refusedCases } from './coverage/refused-cases.js';

/** Every function that must be the same by every road, by the group that shares a SavedModel. */
export function coverageGroups(): Readonly<Record<string, readonly CoverageCase[]>> {
  return {
    'element by element': elementwiseCases,
    shapes: shapeCases,
    'reductions and matrices': reductionAndMatrixCases,
    images: imageCases,
    'composed functions': compositeCases,
    layers: layerCases(),
  };
}
