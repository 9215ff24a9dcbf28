import { exportFunction, patchSource } from './patch-source.js';

/*
 * tfjs-node's `loadSavedModel` opens every session with TensorFlow's default configuration. `setSessionConfig(bytes)` of the addon is for
 * the sessions that its thread opens afterwards: a serialized ConfigProto, or no bytes for the default (docs/decisions/0016).
 */

const newOptions = `  TF_SessionOptions *session_options = TF_NewSessionOptions();

  TF_Buffer *run_options = TF_NewBufferFromString("", 0);
`;

const configured = `  TF_SessionOptions *session_options = TF_NewSessionOptions();
  if (!signet_session_config.empty()) {
    TF_AutoStatus config_status;
    TF_SetConfig(session_options, signet_session_config.data(), signet_session_config.size(), config_status.status);
    if (TF_GetCode(config_status.status) != TF_OK) {
      NAPI_THROW_ERROR(env, TF_Message(config_status.status));
      TF_DeleteSessionOptions(session_options);
      return nullptr;
    }
  }

  TF_Buffer *run_options = TF_NewBufferFromString("", 0);
`;

const loadSavedModel = `napi_value TFJSBackend::LoadSavedModel(napi_env env,
`;

/** Makes `LoadSavedModel` of tfjs_backend.cc open its session with the configuration that was set. */
export function useSessionConfig(source: string): string {
  const where = 'tfjs_backend.cc, LoadSavedModel';
  const declared = `thread_local std::string signet_session_config;\n\n${loadSavedModel}`;
  return patchSource(patchSource(source, newOptions, configured, where), loadSavedModel, declared, where);
}

const setSessionConfig = `extern thread_local std::string signet_session_config;

static napi_value SetSessionConfig(napi_env env, napi_callback_info info) {
  napi_status nstatus;
  size_t argc = 1;
  napi_value args[1];
  nstatus = napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  bool is_array = false;
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void *data = nullptr;
  if (argc < 1 || napi_is_typedarray(env, args[0], &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, args[0], &type, &length, &data, nullptr, nullptr) != napi_ok || type != napi_uint8_array) {
    NAPI_THROW_ERROR(env, "setSessionConfig() takes a Uint8Array");
    return nullptr;
  }
  signet_session_config.assign(static_cast<const char *>(data), length);
  return nullptr;
}

`;

/** Makes tfjs_binding.cc export `setSessionConfig`. */
export function exportSessionConfig(source: string): string {
  return exportFunction(source, 'SetSessionConfig', setSessionConfig);
}
