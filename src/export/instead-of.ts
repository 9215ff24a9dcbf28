/** Returns advice for an op that no other format takes and that people meet; empty for others. */
export function insteadOf(op: string): string {
  if (/^Decode|^ExtractJpeg|^EncodeJpeg/.test(op)) {
    return 'Export the signature that takes pixels, such as serving_default, and decode in the app.';
  }
  if (/If$|While$|^MapDefun$/.test(op)) return 'Export a function without cond, whileLoop and mapFn.';
  if (/^ParseExample|^LookupTable|^HashTable|^ReadFile/.test(op))
    return 'Export a signature that takes and gives numbers.';
  if (/^Random|^Stateless(Random|Uniform|Normal)|^Multinomial/.test(op))
    return 'Export a function that draws no numbers.';
  return '';
}
