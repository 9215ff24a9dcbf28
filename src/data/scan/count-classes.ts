/** How many images there are of each class, by label. */
export function countClasses(images: readonly { readonly label: number }[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of images) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
