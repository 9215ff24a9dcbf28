import { SignetError } from '../../errors.js';
import * as tf from '../../tensorflow/tf.js';
import { readVariables, type VariableValues } from './read-variables.js';
import { checkpointKey, graphNameOf } from '../write/saved-model-parts.js';

/**
 * Gives variables the values that they had when Signet saved them: each the one at its place among the saved model's variables.
 *
 * @param variables Variables, in the model's order.
 * @throws SignetError `INVALID_SAVED_MODEL` that lists every variable that does not fit; then none has been changed.
 */
export async function restoreVariables(variables: readonly tf.Variable[], directory: string): Promise<void> {
  const saved = new Map((await readVariables(directory)).map((variable) => [variable.key, variable]));
  const pairs = variables.map((variable, i) => [variable, saved.get(checkpointKey(i))] as const);
  const problems = pairs.flatMap(([variable, found]) => problemOf(variable, found) ?? []);
  if (problems.length > 0) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} does not hold the variables of this model, so none was restored:\n${problems.join('\n')}\n` +
        'Make the model as it was made when it was saved, with the same class and options.',
    );
  }
  for (const [variable, found] of pairs) if (found) assign(variable, found);
}

function assign(variable: tf.Variable, { values }: VariableValues): void {
  const value = tf.tensor(values as Float32Array, variable.shape, variable.dtype);
  variable.assign(value);
  value.dispose();
}

function problemOf(variable: tf.Variable, found: VariableValues | undefined): string | null {
  const expected = `${graphNameOf(variable)}: ${variable.dtype}[${variable.shape.join(', ')}]`;
  if (!found) return `  ${expected} is missing`;
  const fits =
    found.dtype === variable.dtype &&
    found.shape.join() === variable.shape.join() &&
    sameName(graphNameOf(variable), found.name);
  return fits ? null : `  ${expected}. Received: ${found.name}: ${found.dtype}[${found.shape.join(', ')}]`;
}

/**
 * TF.js numbers what it names: the variables of a second instance, `conv1/kernel_1`, layers without a name, `dense_Dense2`, and
 * variables without one, from 0.
 */
function sameName(a: string, b: string): boolean {
  const bare = (name: string) =>
    name
      .split('/')
      .map(withoutNumber)
      .join('/')
      .replace(/^v?\d+$/, '');
  return bare(a) === bare(b);
}

/** `kernel_1` and `dense_Dense2` without what TF.js has added: one look at each character, however long a name is. */
function withoutNumber(part: string): string {
  let digits = part.length;
  while (digits > 0 && isDigit(part[digits - 1])) digits -= 1;
  if (digits === part.length) return part;
  let found = part[digits - 1] === '_' ? digits - 1 : -1;
  for (let at = digits - 1; at >= 0 && isWordCharacter(part[at]); at -= 1) {
    if (part[at] === '_' && isCapital(part[at + 1])) found = at;
  }
  return found === -1 ? part : part.slice(0, found);
}

const isDigit = (character = '') => character >= '0' && character <= '9';
const isCapital = (character = '') => character >= 'A' && character <= 'Z';
const isWordCharacter = (character = '') => /^\w$/.test(character);
