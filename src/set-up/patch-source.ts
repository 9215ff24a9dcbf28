import { SignetError } from '../errors.js';

/**
 * Replaces a piece of the addon's source that occurs in it once.
 *
 * @param where The file and the function, for the message.
 * @throws SignetError `SET_UP_FAILED` when the source is not that of tfjs-node 4.22.
 */
export function patchSource(source: string, original: string, patched: string, where: string): string {
  if (source.split(original).length === 2) return source.replace(original, () => patched);
  throw new SignetError(
    'SET_UP_FAILED',
    `The addon of tfjs-node is not version 4.22.0, the only one that Signet patches (${where}). ` +
      'Install the dependencies as package-lock.json has them: npm ci.',
  );
}

const runSavedModel = `static napi_value RunSavedModel(napi_env env, napi_callback_info info) {
`;

const property = `      {"runSavedModel", nullptr, RunSavedModel, nullptr, nullptr, nullptr,
`;

/**
 * Makes tfjs_binding.cc export one more function, after those that were added before.
 *
 * @param method Name of the C++ function, such as `SetSessionConfig`; JavaScript calls it `setSessionConfig`.
 * @param definition C++ that defines it.
 * @throws SignetError `SET_UP_FAILED` when the source is not that of tfjs-node 4.22.
 */
export function exportFunction(source: string, method: string, definition: string): string {
  const where = 'tfjs_binding.cc';
  const name = `${method.slice(0, 1).toLowerCase()}${method.slice(1)}`;
  const added = `      {"${name}", nullptr, ${method}, nullptr, nullptr, nullptr,
       napi_default, nullptr},
`;
  const defined = patchSource(source, runSavedModel, definition + runSavedModel, where);
  return patchSource(defined, property, added + property, where);
}
