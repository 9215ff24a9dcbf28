/**
 * Import it in tests that serve models and do not depend on the number of threads. Models then load three times as fast, because the server does not
 * measure the best number for each (`load-for-serving.ts`).
 */
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
