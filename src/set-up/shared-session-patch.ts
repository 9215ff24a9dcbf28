import { exportFunction, patchSource } from './patch-source.js';

/*
 * A session of tfjs-node belongs to the thread that loaded it. `offerSavedModel(session)` of the addon returns a number with which another
 * thread gets the same session from `takeSavedModel(offer)`, without loading it again; TensorFlow runs one from several threads. The last
 * thread that deletes it frees it (docs/decisions/0020).
 */

const destructor = `TFJSBackend::~TFJSBackend() {
`;

const sharing = `namespace {

std::mutex signet_sessions_mutex;
// Further owners of a session, next to the thread that loaded it.
std::unordered_map<TF_Session *, int32_t> signet_further_owners;
std::unordered_map<int32_t, std::pair<TF_Session *, TF_Graph *>> signet_offers;
int32_t signet_next_offer = 1;

// Whether no other thread has the session, which must be freed then.
bool SignetIsLastOwner(TF_Session *session) {
  std::lock_guard<std::mutex> lock(signet_sessions_mutex);
  auto entry = signet_further_owners.find(session);
  if (entry == signet_further_owners.end()) return true;
  if (--entry->second == 0) signet_further_owners.erase(entry);
  return false;
}

}  // namespace

napi_value TFJSBackend::OfferSavedModel(napi_env env, napi_value savedmodel_id_value) {
  int32_t savedmodel_id;
  napi_status nstatus = napi_get_value_int32(env, savedmodel_id_value, &savedmodel_id);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  auto entry = tf_savedmodel_map_.find(savedmodel_id);
  if (entry == tf_savedmodel_map_.end()) {
    NAPI_THROW_ERROR(env, "SavedModel ID not found (savedmodel_id: %d)", savedmodel_id);
    return nullptr;
  }
  std::lock_guard<std::mutex> lock(signet_sessions_mutex);
  const int32_t offer = signet_next_offer++;
  signet_offers[offer] = entry->second;
  ++signet_further_owners[entry->second.first];
  napi_value result;
  nstatus = napi_create_int32(env, offer, &result);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return result;
}

napi_value TFJSBackend::TakeSavedModel(napi_env env, napi_value offer_value) {
  int32_t offer;
  napi_status nstatus = napi_get_value_int32(env, offer_value, &offer);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  std::lock_guard<std::mutex> lock(signet_sessions_mutex);
  auto entry = signet_offers.find(offer);
  if (entry == signet_offers.end()) {
    NAPI_THROW_ERROR(env, "There is no offer %d", offer);
    return nullptr;
  }
  const auto session = entry->second;
  signet_offers.erase(entry);
  napi_value result;
  nstatus = napi_create_int32(env, InsertSavedModel(session.first, session.second), &result);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  return result;
}

`;

const freed = `    TF_AutoStatus tf_status;
    TF_DeleteSession(kv.second.first, tf_status.status);
`;

const deleted = `  TF_AutoStatus tf_status;
  TF_DeleteSession(savedmodel_entry->second.first, tf_status.status);
`;

const includes = `#include <memory>
#include <set>
`;

/** Lets sessions of tfjs_backend.cc belong to several threads. */
export function shareSessions(source: string): string {
  const patches = [
    [includes, `#include <memory>\n#include <mutex>\n#include <set>\n`, 'includes'],
    [destructor, sharing + destructor, 'destructor'],
    [freed, `    if (!SignetIsLastOwner(kv.second.first)) continue;\n${freed}`, 'destructor'],
    [
      deleted,
      `  if (!SignetIsLastOwner(savedmodel_entry->second.first)) {\n    tf_savedmodel_map_.erase(savedmodel_entry);\n    return;\n  }\n\n${deleted}`,
      'DeleteSavedModel',
    ],
  ] as const;
  return patches.reduce((text, [from, to, where]) => patchSource(text, from, to, `tfjs_backend.cc, ${where}`), source);
}

const declaration = `  // Execute a session from SavedModel with the provided inputs:
`;

/** Declares what `shareSessions` defines in tfjs_backend.h. */
export function declareSharing(source: string): string {
  const declarations = `  napi_value OfferSavedModel(napi_env env, napi_value saved_model_id);
  napi_value TakeSavedModel(napi_env env, napi_value offer);

`;
  return patchSource(source, declaration, declarations + declaration, 'tfjs_backend.h');
}

/** Makes tfjs_binding.cc export `offerSavedModel` and `takeSavedModel`. */
export function exportSharing(source: string): string {
  const methods = ['OfferSavedModel', 'TakeSavedModel'];
  return methods.reduce((text, method) => exportFunction(text, method, binding(method)), source);
}

function binding(method: string): string {
  return `static napi_value ${method}(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_status nstatus = napi_get_cb_info(env, info, &argc, args, nullptr, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 1) {
    NAPI_THROW_ERROR(env, "${method}() takes a number");
    return nullptr;
  }
  ENSURE_VALUE_IS_NUMBER_RETVAL(env, args[0], nullptr);
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  return backend->${method}(env, args[0]);
}

`;
}
