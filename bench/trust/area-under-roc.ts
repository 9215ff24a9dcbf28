/** The chance that a score of one kind is above one of the other, equal ones counted as half: the area under the ROC curve. */
export function areaUnderRoc(above: ArrayLike<number>, below: ArrayLike<number>): number {
  const sorted = Float64Array.from(below).sort();
  const sum = Array.from(above).reduce(
    (total, score) => total + (countBelow(sorted, score) + countBelow(sorted, score, true)) / 2,
    0,
  );
  return sum / (above.length * below.length);
}

/** How many of some sorted numbers are below another, or also equal to it. */
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
