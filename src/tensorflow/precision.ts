import { readFileSync } from 'node:fs';

/**
 * Numbers that the large ops of a graph, convolutions and products of matrices, compute with: `bfloat16` has the range of float32 and 3 digits
 * instead of 7. Variables, and what goes in and comes out, are float32 either way.
 */
export type Precision = 'float32' | 'bfloat16';

/** A precision, or `auto`: bfloat16 where the processor has instructions for it and it is measured to be faster. */
export type PrecisionChoice = 'auto' | Precision;

/** Explains what `auto` does on a processor that cannot gain from it. */
export const noBfloat16 =
  'this processor has no instructions for bfloat16 (avx512_bf16, amx_bf16): it computes in float32';

let isKnown: boolean | null = null;

/**
 * Checks whether the processor has instructions for bfloat16. Elsewhere TensorFlow leaves graphs in float32, or is far slower
 * (https://github.com/tensorflow/tensorflow/issues/59050).
 */
export function hasBfloat16(): boolean {
  isKnown ??= /\b(avx512_bf16|amx_bf16)\b/.test(processorFlags());
  return isKnown;
}

/** The first processor's flags, as Linux lists them; empty where it does not. */
function processorFlags(): string {
  try {
    return /^flags\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  } catch {
    return '';
  }
}
