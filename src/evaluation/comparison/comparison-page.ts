import path from 'node:path';

import { classNamesOf } from '../../data/scan/image-scan.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { ratio } from '../class-report.js';
import type { ExplainFiles } from '../pictures/explain-files.js';
import { findingsSection } from '../report/findings-section.js';
import { gallery } from '../report/gallery.js';
import { htmlPage } from '../report/html-page.js';
import { imageFigure, shortName } from '../report/image-card.js';
import { htmlTable, type Insertable, type Markup, markup } from '../report/markup.js';
import { named, percent, shortPath, whole } from '../report/report-text.js';
import { type ShownImage, showImages } from '../report/shown-image.js';
import { thumbnailPicture } from '../report/thumbnail-picture.js';
import type { Pair } from './comparable-images.js';
import type { ComparedImage, ModelComparison } from './compare-saved-models.js';
import type { Answer } from './compared-model.js';
import { changedImages, changeOf, classChanges } from './comparison-figures.js';
import { type ComparisonRow, signed } from './describe-comparison.js';

/** Facts of a page about two models. */
export interface ComparisonPage {
  readonly title: string;
  /** Names of the models. */
  readonly names: Pair<string>;
  /** Sentences of the summary. */
  readonly summary: readonly string[];
  /** Figures of both models. */
  readonly rows: readonly ComparisonRow[];
  /** What the models are. */
  readonly facts: readonly (readonly [name: string, first: string, second: string])[];
  /** Flags of their trainings that differ; null where a model does not say how it was trained. */
  readonly flags: readonly (readonly [flag: string, first: string, second: string])[] | null;
  /** Whether pictures are turned as their EXIF says. */
  readonly exif: ExifHandling;
  /** Makes heat maps of each model; null for one that has none. */
  readonly explain: Pair<ExplainFiles | null>;
  readonly date: Date;
}

/** Pictures of a section, and classes, at most: a page of them is some MB. `--json` has all. */
const [mostPictures, mostClasses] = [48, 1000];

/** A comparison as one page of HTML, with the pictures that got worse and better. */
export async function comparisonPage(comparison: ModelComparison, page: ComparisonPage): Promise<string> {
  const [first, second] = page.names;
  const hint = (direction: string, wrong: string, right: string) =>
    comparison.isMultiLabel
      ? `Images about which ${second} is wrong in ${direction} classes than ${first}.`
      : `Images that ${wrong} gets wrong and ${right} right.`;
  const worse = { id: 'worse', title: 'Got worse', hint: hint('more', second, first) } as const;
  const better = { id: 'better', title: 'Got better', hint: hint('fewer', first, second) } as const;
  const sections = [
    { id: 'summary', title: 'Summary', section: summarySection(page) },
    { id: 'worse', title: 'Got worse', section: await changedSection(comparison, page, worse) },
    { id: 'better', title: 'Got better', section: await changedSection(comparison, page, better) },
    { id: 'classes', title: 'Classes', section: classesSection(comparison, page.names) },
    { id: 'training', title: 'Training', section: trainingSection(page) },
  ];
  return String(htmlPage({ title: page.title, date: page.date, sections }));
}

function summarySection({ summary, rows, facts, names }: ComparisonPage): Markup {
  return findingsSection(
    summary,
    markup`${htmlTable({ caption: 'Figures', columns: ['', ...names, 'change'], rows })}
${htmlTable({ caption: 'Models', columns: ['', ...names], rows: facts, texts: 3 })}`,
  );
}

interface ChangedSection {
  readonly id: 'better' | 'worse';
  readonly title: string;
  readonly hint: string;
}

/** The images that changed, with where each model saw what it answers. */
async function changedSection(
  comparison: ModelComparison,
  { exif, explain, names }: ComparisonPage,
  { id, title, hint }: ChangedSection,
): Promise<Markup | null> {
  const changed = changedImages(comparison, id);
  if (changed.length === 0) return null;
  const images = changed.slice(0, mostPictures);
  const shown = [await showAnswers(0), await showAnswers(1)] as const;
  const cards = images.map((image, i) => card(image, comparison, names, [shown[0][i], shown[1][i]]));
  const heat = shown.flat().some(({ heated }) => heated) ? ' The heat maps next to each show where the models saw their answers (Grad-CAM): brighter means more.' : ''; // prettier-ignore
  return gallery({ id, title, hint: hint + heat, cards, all: changed.length, kind: 'images' });

  function showAnswers(model: 0 | 1): Promise<ShownImage[]> {
    const { positions } = comparison.models[model];
    const wanted = images.map(({ image, answers }) => {
      const { labels, probability } = answers[model];
      // A heat map is of one class.
      return { image, label: probability === null ? null : (positions[labels[0] ?? -1] ?? null) };
    });
    // The pictures themselves are made once.
    return model === 1 && !explain[1] ? Promise.resolve([]) : showImages(wanted, { exif, explain: explain[model] });
  }
}

function card(
  { image, answers }: ComparedImage,
  { classNames, models }: ModelComparison,
  names: Pair<string>,
  shown: readonly (ShownImage | undefined)[],
): Markup {
  const truth = classNamesOf(image, classNames);
  const file = shortName(path.basename(image.path));
  const picture = thumbnailPicture(
    shown[0]?.thumbnail ?? null,
    `${file}: ${shortName(truth.join(', ') || 'no class')}`,
  );
  const heated = shown.map((each, i) => each?.heated && thumbnailPicture(each.heated, `what ${names[i]} saw in it`));
  const hasHeat = heated.some(Boolean);
  const lines = answers.map(
    (answer, i) => markup`${names[i] ?? ''}: ${answerText(answer, models[i]?.classNames ?? [])}`,
  );
  return markup`<li>${imageFigure({
    picture: hasHeat ? markup`<div class="with-heat">${picture}${heated.map((each) => each ?? null)}</div>` : picture,
    title: namesText(truth),
    lines,
    path: shortPath(image.path, 60),
  })}</li>\n`;
}

function answerText({ labels, probability }: Answer, classNames: readonly string[]): Markup {
  const text = namesText(labels.map((label) => classNames[label] ?? ''));
  return markup`${text}${probability !== null && ` (${percent(probability)})`}`;
}

function namesText(names: readonly string[]): Insertable {
  return names.length === 0 ? 'no class' : names.map((name, i) => markup`${i > 0 && ', '}${named(name, 40)}`);
}

function classesSection(comparison: ModelComparison, names: Pair<string>): Markup {
  const changes = classChanges(comparison);
  const rows = changes.slice(0, mostClasses).map(({ className, images, scores }) => {
    const change = changeOf(scores);
    return [named(className), whole(images), ...scores.map(ratio), change === null ? '' : signed(change)];
  });
  const score = comparison.isMultiLabel ? 'Average precision' : 'Recall'; // prettier-ignore
  const caption = `${score} of each class, the largest change first${rows.length < changes.length ? `, ${whole(rows.length)} of ${whole(changes.length)}` : ''}`;
  return markup`<section aria-labelledby="classes">
<h2 id="classes">Classes</h2>
${htmlTable({ caption, columns: ['class', 'images', ...names, 'change'], rows })}
</section>`;
}

function trainingSection({ flags, names }: ComparisonPage): Markup {
  const content =
    flags === null
      ? markup`<p>The flags of the trainings cannot be compared: a model does not say how it was trained.</p>`
      : flags.length === 0
        ? markup`<p>Both were trained with the same flags.</p>`
        : htmlTable({ caption: 'Flags of train-model that differ', columns: ['flag', ...names], rows: flags, texts: 3 }); // prettier-ignore
  return markup`<section aria-labelledby="training">
<h2 id="training">Training</h2>
${content}
</section>`;
}
