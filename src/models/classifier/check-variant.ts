import { SignetError } from '../../errors.js';

/** A class of models that come in several sizes. */
export interface HasVariants {
  readonly name: string;
  /** Names of the sizes, the smallest first. */
  readonly variants: readonly string[];
}

/** Checks an option `variant`. @throws SignetError `INVALID_ARGUMENT` that lists the variants of the class. */
export function checkVariant({ name, variants }: HasVariants, received: unknown): void {
  if (variants.some((variant) => variant === received)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `The variant of ${name} (--variant) is ${variants.slice(0, -1).join(', ')} or ${variants.at(-1)}. Received: ${String(received)}.`,
  );
}
