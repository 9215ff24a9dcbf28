/**
 * C++ of a small addon of its own, which is loaded before TensorFlow's library: `turnAway()` puts an unnamed file in the place of
 * standard error, `putBack()` restores it and returns what was written meanwhile, a Buffer (docs/decisions/0006).
 *
 * dup2 only changes which open file descriptor 2 refers to: a user's file keeps its position, a socket its connection. Calls may be nested, also by
 * several threads: the outermost pair counts. If the process dies meanwhile (LOG(FATAL), a processor without AVX), what was written goes to the
 * user's standard error first.
 */
export const standardErrorSource = `
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <node_api.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <string>

namespace {

std::mutex mutex;
int depth = 0;
// The user's standard error, and the file in its place; -1 while nothing is turned away.
int kept = -1;
int scratch = -1;

constexpr int kFatal[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
constexpr int kFatalCount = sizeof(kFatal) / sizeof(kFatal[0]);
struct sigaction before[kFatalCount];

int OpenScratch() {
#ifdef __linux__
  return memfd_create("standard-error", MFD_CLOEXEC);
#else
  char name[] = "/tmp/signet-standard-error-XXXXXX";
  int descriptor = mkstemp(name);
  if (descriptor < 0) return -1;
  unlink(name);
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  return descriptor;
#endif
}

// Of a signal handler: calls nothing but what POSIX allows there. The default action follows, see SA_RESETHAND.
void OnFatal(int signal) {
  char buffer[4096];
  off_t offset = 0;
  for (ssize_t size; (size = pread(scratch, buffer, sizeof(buffer), offset)) > 0; offset += size) {
    for (ssize_t done = 0; done < size;) {
      ssize_t written = write(kept, buffer + done, size - done);
      struct pollfd ready = {kept, POLLOUT, 0};
      if (written > 0) done += written;
      else if (errno != EINTR && !(errno == EAGAIN && poll(&ready, 1, 1000) > 0)) break;
    }
  }
  raise(signal);
}

void Close(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

napi_value TurnAway(napi_env, napi_callback_info) {
  std::lock_guard<std::mutex> lock(mutex);
  if (depth++ > 0) return nullptr;
  kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  scratch = kept < 0 ? -1 : OpenScratch();
  if (scratch < 0 || dup2(scratch, STDERR_FILENO) < 0) {
    Close(kept);
    Close(scratch);
    return nullptr;
  }
  struct sigaction action = {};
  action.sa_handler = OnFatal;
  action.sa_flags = SA_RESETHAND;
  for (int i = 0; i < kFatalCount; i++) sigaction(kFatal[i], &action, &before[i]);
  return nullptr;
}

std::string PutBackAndRead() {
  std::lock_guard<std::mutex> lock(mutex);
  std::string text;
  if (--depth > 0 || kept < 0) return text;
  dup2(kept, STDERR_FILENO);
  for (int i = 0; i < kFatalCount; i++) sigaction(kFatal[i], &before[i], nullptr);
  char buffer[4096];
  for (ssize_t size; (size = pread(scratch, buffer, sizeof(buffer), text.size())) > 0;) text.append(buffer, size);
  Close(kept);
  Close(scratch);
  return text;
}

napi_value PutBack(napi_env env, napi_callback_info) {
  std::string text = PutBackAndRead();
  napi_value buffer = nullptr;
  napi_create_buffer_copy(env, text.size(), text.data(), nullptr, &buffer);
  return buffer;
}

napi_value Init(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "turnAway", NAPI_AUTO_LENGTH, TurnAway, nullptr, &function);
  napi_set_named_property(env, exports, "turnAway", function);
  napi_create_function(env, "putBack", NAPI_AUTO_LENGTH, PutBack, nullptr, &function);
  napi_set_named_property(env, exports, "putBack", function);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
`;

/** Target for binding.gyp that compiles it too, without TensorFlow; goes before the target of tfjs-node's addon. */
export const standardErrorTarget = `'targets' : [{
    'target_name' : 'standard_error',
    'sources' : ['binding/standard_error.cc'],
  }, {
`;
