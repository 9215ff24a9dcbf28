import { currentListener } from '../tensorflow/mended/op-listener.js';
import { Tape } from './tape.js';

/** The tape that records now, or null when ops simply run. */
export function currentTape(): Tape | null {
  const listener = currentListener();
  return listener instanceof Tape ? listener : null;
}
