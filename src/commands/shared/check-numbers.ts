import { SignetError } from '../../errors.js';
import { kebabCase } from '../../text/case.js';

/** From and to which values, both included; whole numbers unless said otherwise. */
export type NumberRange = readonly [least: number, most: number, isFraction?: 'fraction'];

export const portRange: NumberRange = [1, 65535];

/**
 * Checks flags that were given.
 *
 * @param ranges By the options' names in camelCase.
 * @throws SignetError `INVALID_ARGUMENT` that names the flag.
 */
export function checkNumbers<Ranges extends Readonly<Record<string, NumberRange>>>(
  options: Readonly<Partial<Record<NoInfer<keyof Ranges>, number | undefined>>>,
  ranges: Ranges,
): void {
  for (const [name, [least, most, isFraction]] of Object.entries<NumberRange>(ranges)) {
    const value = options[name as keyof Ranges];
    if (value === undefined || (value >= least && value <= most && (isFraction || Number.isInteger(value)))) continue;
    const kind = isFraction ? 'a number' : 'a whole number';
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${flagOf(name)} is ${kind} from ${least} to ${most}. Received: ${value}.`,
    );
  }
}

/** What is wrong with a flag, for a list of all that is; nothing when it was not given. @param expected What it is, in words. */
export function numberProblems(
  name: string,
  value: number | undefined,
  expected: string,
  isGood: (value: number) => boolean,
): string[] {
  return value === undefined || isGood(value) ? [] : [`${flagOf(name)} is ${expected}. Received: ${value}.`];
}

/** `inputWidth` as it is typed: `--input-width`. */
export function flagOf(name: string): string {
  return `--${kebabCase(name)}`;
}
