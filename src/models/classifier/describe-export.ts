import { ImageClassifierModel } from '../image-classifier-model.js';

/** What a module exports where a class of models was expected: what it is, in words, and what to do. */
export function describeExport(value: unknown): { readonly what: string; readonly advice: string } {
  if (value instanceof ImageClassifierModel) {
    const what = `a model that is made already, of the class ${value.constructor.name}`;
    return { what, advice: 'Export the class itself: the command makes the model.' };
  }
  const isOfAnotherCopy = basesOf(value).includes(ImageClassifierModel.name);
  const advice = isOfAnotherCopy
    ? 'Its ImageClassifierModel is that of another copy of signet: import the one that runs this command.'
    : 'Give its layers to ImageClassifierModel, as examples/custom-model does.';
  return { what: kindOf(value), advice };
}

function kindOf(value: unknown): string {
  const [, base] = basesOf(value);
  if (base !== undefined) return `a class that extends ${base}`;
  if (typeof value === 'function') {
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'a class that extends nothing' : 'a function';
  }
  return typeof value === 'object' && value !== null ? 'an object' : `a value, ${String(value)}`;
}

/** Names of a class and those that it extends, itself first. */
function basesOf(value: unknown): string[] {
  if (typeof value !== 'function' || value === Function.prototype) return [];
  return [value.name, ...basesOf(Object.getPrototypeOf(value))];
}
