/** The area under the ROC curve: the probability that a score of one kind is above one of the other kind, with ties counted as half. */
export function areaUnderRoc(above: ArrayLike<number>, below: ArrayLike<number>): number {
  const sorted = Float64Array.from(below).sort();
  const sum = Array.from(above).reduce(
    (total, score) => total + (countBelow(sorted, score) + countBelow(sorted, score, true)) / 2,
    0,
  );
  return sum / (above.length * below.length);
}

/** How many sorted numbers are below a value, or also equal to it. */
function countBelow(sorted: Float64Array, value: number, orEqual = false): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const each = sorted[middle] ?? NaN;
    if (each < value || (orEqual && each === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
