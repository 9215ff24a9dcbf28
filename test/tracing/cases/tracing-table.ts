import * as tf from '../../../src/tensorflow/tf.js';
import type { CoverageCase, RefusedCase } from './coverage-case.js';

const begin = '<!-- The table begins: npm run docs:tracing -->';
const end = '<!-- The table ends -->';

/** The table of `docs/tracing.md`: what becomes of every kernel of tfjs-node, as the cases show it. */
export function tracingTable(cases: readonly CoverageCase[], refusals: readonly RefusedCase[]): string {
  const kernels = tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName);
  const rows = kernels.sort().map((kernel) => {
    const own = cases.filter((each) => each.kernels.includes(kernel));
    const refusal = refusals.find((each) => each.kernels.includes(kernel));
    return `| ${kernel} | ${graphColumn(own, refusal)} | ${gradientColumn(kernel, own)} | ${functionsColumn(own, refusal)} |`;
  });
  return ['| Kernel | In a graph | Gradient | Tested by |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** A document with the table between its markers replaced. */
export function withTable(document: string, table: string): string {
  const [before, rest] = document.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`The document has no "${begin}" and "${end}".`);
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

function graphColumn(own: readonly CoverageCase[], refusal: RefusedCase | undefined): string {
  if (own.length === 0) return `no: ${refusal?.because ?? 'not tested'}`;
  if (refusal) return refusal.because;
  return own.some(({ random }) => random !== undefined) ? 'yes, drawn anew at each call' : 'yes';
}

function gradientColumn(kernel: string, own: readonly CoverageCase[]): string {
  if (/Grad$|Backprop/.test(kernel)) return 'part of one';
  // The typings promise a gradient for every name.
  const known = (tf.getGradient(kernel) as tf.GradConfig | undefined) !== undefined;
  if (own.some(({ gradient }) => gradient !== undefined && gradient !== false)) return 'yes';
  return known ? 'not reached by TF.js' : 'TF.js has none';
}

/** The first few cases by name. */
function functionsColumn(own: readonly CoverageCase[], refusal: RefusedCase | undefined): string {
  const names = [...own, ...(refusal ? [refusal] : [])].map(({ name }) => name);
  return names.length > 2 ? `${names.slice(0, 2).join('; ')}; ${names.length - 2} more` : names.join('; ');
}
