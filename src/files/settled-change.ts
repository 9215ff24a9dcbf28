/** Coarsest resolution of a file system's times, in milliseconds: the two seconds of FAT. */
const longestTick = 2000;

/**
 * Gives the time before which a file must have changed last for what was read from it to be remembered: a file that changed just now may change again
 * within the same tick of the file system's clock.
 *
 * @returns Milliseconds since 1970, as `ctimeMs`.
 */
export function settledBefore(): number {
  return Date.now() - longestTick;
}
