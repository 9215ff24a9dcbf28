/**
 * Import it in tests that serve models and do not ask with how many threads: they load three times as fast, for a server that is not
 * told the number measures it with every model (`load-for-serving.ts`).
 */
process.env.TF_NUM_INTRAOP_THREADS ??= '1';
