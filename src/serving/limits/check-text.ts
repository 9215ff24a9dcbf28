import { ServingError } from '../serving-error.js';

/** Maximum length of a text in bytes: names of models, signatures, inputs and features. Tensors and files are bytes, not texts. */
const mostTextBytes = 2 ** 20;

/** @throws ServingError `INVALID_ARGUMENT` for a text that is too long, before it becomes a string. */
export function checkText(bytes: number): void {
  if (bytes <= mostTextBytes) return;
  const message = `The request has a text of ${bytes} bytes; the server takes ${mostTextBytes}.`;
  throw new ServingError('INVALID_ARGUMENT', message);
}
