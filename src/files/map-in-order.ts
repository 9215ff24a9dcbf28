/**
 * Maps items with at most `limit` of them in progress, and yields the results in the items' order. No further item is started once the caller stops
 * asking, or an item fails.
 */
export async function* mapInOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const started: Promise<R>[] = [];
  for await (const item of items) {
    const result = map(item);
    // The caller that asks for it sees the error; until then it must not end the process.
    result.catch(() => undefined);
    started.push(result);
    const [first] = started.length < limit ? [] : started.splice(0, 1);
    if (first) yield await first;
  }
  for (const result of started) yield await result;
}
