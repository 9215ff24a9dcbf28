import { patchSource } from './patch-source.js';

/*
 * tfjs-node's `loadSavedModel` opens every session with TensorFlow's default configuration, whose ops share out their work among
 * as many threads as there are processors, and run in threads of a pool. `setSessionThreads(n, inCaller)` of the addon is for the
 * sessions that its thread opens afterwards: n threads for an op, or the default for 0; and whether ops run in the thread that
 * calls (docs/decisions/0016).
 */

const newOptions = `  TF_SessionOptions *session_options = TF_NewSessionOptions();

  TF_Buffer *run_options = TF_NewBufferFromString("", 0);
`;

/**
 * A ConfigProto of `intra_op_parallelism_threads`, field 2, in two bytes, as the number is below 128, and, for ops in the thread that calls,
 * of `inter_op_parallelism_threads`, field 5, -1, which is ten bytes.
 */
const configured = `  TF_SessionOptions *session_options = TF_NewSessionOptions();
  if (signet_intra_op_threads > 0) {
    const uint8_t config[] = {2 << 3, static_cast<uint8_t>(signet_intra_op_threads), 5 << 3, 0xff, 0xff, 0xff, 0xff,
                              0xff,   0xff, 0xff, 0xff, 0xff, 1};
    TF_AutoStatus config_status;
    TF_SetConfig(session_options, config, signet_in_caller_thread ? sizeof(config) : 2, config_status.status);
  }

  TF_Buffer *run_options = TF_NewBufferFromString("", 0);
`;

const loadSavedModel = `napi_value TFJSBackend::LoadSavedModel(napi_env env,
`;

/** Makes `LoadSavedModel` of tfjs_backend.cc open its session with the threads that were set. */
export function useSessionThreads(source: string): string {
  const where = 'tfjs_backend.cc, LoadSavedModel';
  const declared = `thread_local int32_t signet_intra_op_threads = 0;\nthread_local bool signet_in_caller_thread = false;\n\n${loadSavedModel}`;
  return patchSource(patchSource(source, newOptions, configured, where), loadSavedModel, declared, where);
}

const runSavedModel = `static napi_value RunSavedModel(napi_env env, napi_callback_info info) {
`;

const setSessionThreads = `extern thread_local int32_t signet_intra_op_threads;
extern thread_local bool signet_in_caller_thread;

static napi_value SetSessionThreads(napi_env env, napi_callback_info info) {
  napi_status nstatus;
  size_t argc = 2;
  napi_value args[2];
  nstatus = napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  int32_t threads = -1;
  bool in_caller = false;
  if (argc < 2 || napi_get_value_bool(env, args[1], &in_caller) != napi_ok ||
       napi_get_value_int32(env, args[0], &threads) != napi_ok || threads < 0 || threads > 127) {
    NAPI_THROW_ERROR(env, "setSessionThreads() takes a number from 0 to 127 and a boolean");
    return nullptr;
  }
  signet_intra_op_threads = threads;
  signet_in_caller_thread = in_caller;
  return nullptr;
}

`;

const property = `      {"runSavedModel", nullptr, RunSavedModel, nullptr, nullptr, nullptr,
`;
const properties = `      {"setSessionThreads", nullptr, SetSessionThreads, nullptr, nullptr, nullptr,
       napi_default, nullptr},
${property}`;

/** Makes tfjs_binding.cc export `setSessionThreads`. */
export function exportSessionThreads(source: string): string {
  const where = 'tfjs_binding.cc';
  const defined = patchSource(source, runSavedModel, setSessionThreads + runSavedModel, where);
  return patchSource(defined, property, properties, where);
}
