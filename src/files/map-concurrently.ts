/**
 * Maps items with at most `limit` of them in progress, keeping their order.
 *
 * When one fails or `signal` is aborted, no further item is started, and the promise rejects once those in progress have ended.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const queue = items.entries();
  let ended = false;
  const work = async (): Promise<void> => {
    for (const [i, item] of queue) {
      signal?.throwIfAborted();
      if (ended) return;
      results[i] = await map(item);
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, () =>
    work().finally(() => {
      // A worker ends when nothing is left to do, or when it fails: either way no further item is started.
      ended = true;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) throw failure.reason;
  return results;
}
