/** File systems tell times to two seconds (FAT) or finer. */
const longestTick = 2000;

/**
 * Gives the time before which a file's last change must be for what was read of it to be remembered: what was changed just now may be changed once
 * more within the same tick of the file system's clock.
 *
 * @returns Milliseconds since 1970, as `ctimeMs`.
 */
export function settledBefore(): number {
  return Date.now() - longestTick;
}
