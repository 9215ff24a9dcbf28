import { tell } from '../text/tell.js';

/** Turns Ctrl-C into a request to stop, until it is removed. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  remove(): void;
}

/**
 * The first Ctrl-C asks for an end; the next ends the process, as it does by default.
 *
 * @param notice What happens now, for people: `stopping after this step`.
 */
export function stopOnInterrupt(notice: string): Interrupt {
  const controller = new AbortController();
  const onInterrupt = () => {
    tell(`\n${notice} (Ctrl-C again ends at once)`);
    controller.abort();
  };
  process.once('SIGINT', onInterrupt);
  return { signal: controller.signal, remove: () => process.removeListener('SIGINT', onInterrupt) };
}
