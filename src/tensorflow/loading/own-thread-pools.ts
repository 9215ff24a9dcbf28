/**
 * Gives every session of TensorFlow threads of its own, as many as it was opened with (`Session.load`): by default all sessions
 * of a process share the first one's. To be imported before the library is loaded, which reads the variable once.
 *
 * Source: `LocalDevice` in tensorflow/core/common_runtime/local_device.cc.
 */
process.env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';

export {};
