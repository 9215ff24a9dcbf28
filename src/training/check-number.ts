import { SignetError } from '../errors.js';

/** @throws SignetError `INVALID_ARGUMENT` that names the option and says what it may be. */
export function checkNumber(name: string, value: number, expected: string, isGood: (value: number) => boolean): void {
  if (Number.isFinite(value) && isGood(value)) return;
  throw new SignetError('INVALID_ARGUMENT', `${name} is a number, ${expected}. Received: ${value}.`);
}
