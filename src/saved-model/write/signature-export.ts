import { SignetError } from '../../errors.js';
import { checkName } from '../../tracing/check-name.js';
import type { ConcreteFunction, NamedSpec } from '../../tracing/concrete-function.js';
import type { SavedModelParts, SignatureMethod, SignatureParts } from './saved-model-parts.js';

const methods: readonly SignatureMethod[] = ['predict', 'classify', 'regress'];

/** A signature as it is written. */
export interface SignatureExport {
  readonly key: string;
  readonly fn: ConcreteFunction;
  readonly method: SignatureMethod;
  /** In the order of their names, in which Python passes them to the function of a signature. */
  readonly inputs: readonly NamedSpec[];
  /** In the order of their names, each with its place among the function's results. */
  readonly outputs: readonly (NamedSpec & { readonly position: number })[];
}

/** The signatures of the parts, checked. @throws SignetError `INVALID_SIGNATURE`. */
export function signatureExports(parts: SavedModelParts): SignatureExport[] {
  return Object.entries(parts.signatures).map(([key, signature]) => {
    checkName('signature', key);
    const { function: fn, method = 'predict', outputs } = asParts(parts, key, signature);
    const inputs = fn.inputs.toSorted(byName);
    const written = { key, fn, method, inputs, outputs: chosenOutputs(key, fn, outputs) };
    checkMethod(written);
    return written;
  });
}

function asParts({ functions = {} }: SavedModelParts, key: string, signature: string | SignatureParts): SignatureParts {
  if (typeof signature !== 'string') return signature;
  const fn = functions[signature];
  if (fn) return { function: fn };
  throw invalid(key, `names the function "${signature}"`, `one of ${Object.keys(functions).join(', ') || 'none'}`);
}

function chosenOutputs(key: string, fn: ConcreteFunction, outputs: SignatureParts['outputs']) {
  const all = fn.outputs.map(({ name, spec }, position) => ({ name, spec, position }));
  if (!outputs) return all;
  const chosen = Object.entries(outputs).map(([name, result]) => {
    checkName('output', name);
    const found = all.find((output) => output.name === result);
    if (found) return { ...found, name };
    const known = all.map((output) => output.name).join(', ');
    throw invalid(
      key,
      `has an output "${name}" that is the result "${result}"`,
      `one of ${known}, what ${fn.label} returns`,
    );
  });
  if (chosen.length === 0) throw invalid(key, 'has no outputs', 'at least one');
  return chosen.sort(byName);
}

function byName(a: NamedSpec, b: NamedSpec): number {
  return a.name < b.name ? -1 : 1;
}

/**
 * Checks what TensorFlow Serving requires for Classify and Regress, but reports only at the first request.
 *
 * Source: tensorflow_serving/servables/tensorflow/{classifier,regressor}.cc (`PreProcessClassification`,
 * `PreProcessRegression`).
 */
function checkMethod({ key, fn, method, outputs }: SignatureExport): void {
  if (!methods.includes(method)) throw invalid(key, `has the method "${method}"`, methods.join(', '));
  if (method === 'predict') return;
  const [input] = fn.inputs;
  if (fn.inputs.length !== 1 || input?.name !== 'inputs' || input.spec.dtype !== 'string') {
    const received = fn.inputs.map(({ name, spec }) => `${name}: ${spec}`).join(', ') || 'nothing';
    throw invalid(
      key,
      `has the method ${method} and takes ${received}`,
      'one argument "inputs": string[?], serialized tf.Examples, which parseExample reads',
    );
  }
  const allowed = method === 'classify' ? { classes: 'string', scores: 'float32' } : { outputs: 'float32' };
  const fits = outputs.every(({ name, spec }) => (allowed as Record<string, string>)[name] === spec.dtype);
  if (fits) return;
  const received = outputs.map(({ name, spec }) => `${name}: ${spec}`).join(', ');
  const expected = Object.entries(allowed).map(([name, dtype]) => `${name}: ${dtype}`).join(' and/or '); // prettier-ignore
  throw invalid(key, `has the method ${method} and gives ${received}`, `${expected}; name results with outputs`);
}

function invalid(key: string, what: string, expected: string): SignetError {
  return new SignetError('INVALID_SIGNATURE', `The signature "${key}" ${what}. Expected: ${expected}.`);
}
