import { SignetError } from '../errors.js';

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
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const kind = isFraction ? 'a number' : 'a whole number';
    throw new SignetError('INVALID_ARGUMENT', `--${flag} is ${kind} from ${least} to ${most}. Received: ${value}.`);
  }
}
