import type { Pair } from '../../evaluation/comparison/comparable-images.js';
import type { ModelComparison } from '../../evaluation/comparison/compare-saved-models.js';
import { comparisonPage } from '../../evaluation/comparison/comparison-page.js';
import type { ComparisonRow } from '../../evaluation/comparison/describe-comparison.js';
import { withSavedExplainer } from '../../evaluation/pictures/explain-files.js';
import { cannotWrite } from '../../files/cannot-write.js';
import { replaceFile } from '../../files/replace.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import type { DifferingFlag } from './differing-flags.js';
import { type ComparedModelFacts, sizeRows } from './model-facts.js';

/** What is known about a comparison in addition to its answers. */
export interface WrittenComparison {
  readonly facts: Pair<ComparedModelFacts>;
  readonly summary: readonly string[];
  readonly rows: readonly ComparisonRow[];
  readonly flags: readonly DifferingFlag[] | null;
  readonly exif: ExifHandling;
  /** Name of the test set. */
  readonly testSet: string;
}

/** Writes a comparison as a page. @throws SignetError `CANNOT_WRITE`. */
export async function writeComparison(
  file: string,
  comparison: ModelComparison,
  { facts, summary, rows, flags, exif, testSet }: WrittenComparison,
): Promise<void> {
  const [first, second] = facts;
  const html = await withSavedExplainer(first.path, (explainFirst) =>
    withSavedExplainer(second.path, (explainSecond) =>
      comparisonPage(comparison, {
        title: `${first.name} and ${second.name}`,
        names: [first.name, second.name],
        summary: [`${comparison.images.length.toLocaleString('en')} images of ${testSet}.`, ...summary],
        rows: [...rows, ...sizeRows(facts)],
        facts: factRows(facts),
        flags: flags?.map(({ flag, values }) => [flag, values[0] ?? '–', values[1] ?? '–'] as const) ?? null,
        exif,
        explain: [explainFirst, explainSecond],
        date: new Date(),
      }),
    ),
  );
  try {
    await replaceFile(file, html);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function factRows([first, second]: Pair<ComparedModelFacts>) {
  const row = (name: string, of: (facts: ComparedModelFacts) => string | null) =>
    [name, of(first) ?? '–', of(second) ?? '–'] as const;
  return [
    row('directory', ({ path }) => path),
    row('class', ({ modelType }) => modelType),
    row('images', ({ images }) => images),
    row('trained', ({ trained }) => trained),
  ];
}
