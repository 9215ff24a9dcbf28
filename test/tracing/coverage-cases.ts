import { compositeCases } from './cases/composite-cases.js';
import type { CoverageCase } from './cases/coverage-case.js';
import { elementwiseCases } from './cases/elementwise-cases.js';
import { imageCases } from './cases/image-cases.js';
import { layerCases } from './cases/layer-cases.js';
import { reductionAndMatrixCases } from './cases/reduction-cases.js';
import { shapeCases } from './cases/shape-cases.js';

export { refusedCases } from './cases/refused-cases.js';

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
