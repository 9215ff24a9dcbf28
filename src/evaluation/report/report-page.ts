import { bestSection } from './best-section.js';
import { classesSection } from './classes-section.js';
import { confidenceSection } from './confidence-section.js';
import type { DrawnMatrix } from './confusion-matrix.js';
import { confusionSection } from './confusion-section.js';
import { curvesSection } from './curves-section.js';
import { embeddingSection, type ShownMap } from './embedding-section.js';
import { htmlPage } from './html-page.js';
import { type Markup, markup } from './markup.js';
import { mistakesSection } from './mistakes-section.js';
import type { CompleteReportContent } from './report-content.js';
import { skippedSection } from './skipped-section.js';
import { summarySection } from './summary-section.js';
import type { ShownImage } from './shown-image.js';
import type { LineChart } from './line-chart.js';

/** Pictures drawn for a page. */
export interface ReportPictures {
  /** None where nothing is known of the training. */
  readonly curves: readonly LineChart[];
  /** Null for a multi-label classifier: several classes of an image are not a confusion. */
  readonly matrix: DrawnMatrix | null;
  /** A picture of each mistake. */
  readonly mistakes: readonly ShownImage[];
  /** A picture of each of the best images. */
  readonly best: readonly ShownImage[];
  /** Null for a model without embeddings; undefined where there should be no map. */
  readonly map: ShownMap | null | undefined;
}

/** A report as one page, see `htmlPage`. */
export function reportPage(
  content: CompleteReportContent,
  { curves, matrix, mistakes, best, map }: ReportPictures,
): Markup {
  const sections = [
    { id: 'summary', title: 'Summary', section: summarySection(content) },
    { id: 'training', title: 'Training', section: curvesSection(content, curves) },
    { id: 'mistakes', title: 'Hardest mistakes', section: mistakesSection(content, mistakes) },
    { id: 'best', title: 'Best images', section: bestSection(content, best) },
    {
      id: 'confusions',
      title: 'Confusion matrix',
      section: content.kind === 'one class' && matrix ? confusionSection(content, matrix) : null,
    },
    { id: 'embeddings', title: 'Embedding map', section: embeddingSection(content, map) },
    { id: 'classes', title: 'Classes', section: classesSection(content) },
    {
      id: 'confidence',
      title: 'Confidence',
      section: content.kind === 'one class' ? confidenceSection(content) : null,
    },
    { id: 'skipped', title: 'Images left out', section: skippedSection(content) },
  ];
  const names = [
    ...(curves.length > 0 ? ['training-curves'] : []),
    ...(matrix ? ['confusion-matrix'] : []),
    ...(map?.map.images.length ? ['embedding-map'] : []),
  ];
  const files = names.flatMap((name) => [`${name}.svg`, `${name}.png`]);
  const footer =
    files.length > 0 &&
    markup`<footer><p class="hint">The pictures as files: ${files.map((file, i) => markup`${i > 0 && ', '}<a href="${file}">${file}</a>`)}</p></footer>`;
  return htmlPage({ title: content.title, date: content.date, sections, footer });
}
