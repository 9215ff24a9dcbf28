// How classes and doubts are put into words.

/** Why the answer is not reliable; empty if it is, or if the model does not say. */
export function doubtOf(isKnown, isSure) {
  if (isKnown === false) return 'Unknown: not like the pictures that the model was trained on.';
  return isSure === false ? 'Not sure: below the threshold of the model.' : '';
}

/** Whether the model decides for each class separately whether a picture has it. */
export function isSeveral({ threshold }) {
  return threshold !== undefined;
}

/** The classes of a picture: the best one, or all that are present if it may have several. */
export function classesIn(classes) {
  return classes.some(isSeveral) ? classes.filter(({ present }) => present) : classes.slice(0, 1);
}

export function nameOf({ name, index }) {
  return name ?? `class ${index}`;
}

export function percent(probability) {
  return `${(probability * 100).toFixed(1)} %`;
}
