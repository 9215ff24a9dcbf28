/**
 * C++ that is compiled into the addon, after tfjs-node's own: it applies `TF_CPP_MIN_LOG_LEVEL` to the log of Abseil, through
 * which TensorFlow 2.21 prints, and which does not know the variable before TensorFlow has initialized it. Without it,
 * "oneDNN custom operations are on" reaches every user's terminal.
 *
 * It runs when the addon is loaded: after TensorFlow's library, before its first context is made. The function is looked up by name, so a user's own
 * library without it works too, but is not quiet.
 */
export const quietLogSource = `
#include <dlfcn.h>
#include <cstdlib>

namespace {

// absl::SetStderrThreshold(absl::LogSeverityAtLeast) of the Abseil that TensorFlow 2.21 holds.
const char kSetStderrThreshold[] = "_ZN4absl12lts_2025081418SetStderrThresholdENS0_18LogSeverityAtLeastE";

// INFO, WARNING, ERROR and FATAL are 0 to 3 in both.
const bool kQuiet = [] {
  const char* level = std::getenv("TF_CPP_MIN_LOG_LEVEL");
  if (level == nullptr || level[0] < '0' || level[0] > '3' || level[1] != '\\0') return false;
  void* symbol = dlsym(RTLD_DEFAULT, kSetStderrThreshold);
  if (symbol == nullptr) return false;
  reinterpret_cast<void (*)(int)>(symbol)(level[0] - '0');
  return true;
}();

}  // namespace
`;
