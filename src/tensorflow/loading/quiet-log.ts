/**
 * Keeps TensorFlow's own log lines from the user's terminal, by the variables that its library reads when it is loaded.
 *
 * A value that the user has set wins; `--verbose` sets `TF_CPP_MIN_LOG_LEVEL` to 0 before this module is imported.
 */
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';

export {};
