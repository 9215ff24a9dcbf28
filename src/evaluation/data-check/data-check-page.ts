import path from 'node:path';

import { mapConcurrently } from '../../files/map-concurrently.js';
import { classNamesOf } from '../../data/scan/image-scan.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { printable } from '../../text/printable.js';
import { findingsSection } from '../report/findings-section.js';
import { gallery } from '../report/gallery.js';
import { htmlPage } from '../report/html-page.js';
import { imageFigure, shortName } from '../report/image-card.js';
import { htmlTable, type Insertable, type Markup, markup } from '../report/markup.js';
import { named, percent, shortPath, whole } from '../report/report-text.js';
import { thumbnailPicture } from '../report/thumbnail-picture.js';
import { type Thumbnail, thumbnail } from '../report/thumbnail.js';
import type { DataCheck } from './check-data.js';
import { duplicatesByHarm } from './describe-check.js';
import type { DuplicatePair } from './near-duplicates.js';

/** Facts of a page about data sets. */
export interface DataCheckPage {
  readonly title: string;
  /** Sentences of the summary. */
  readonly summary: readonly string[];
  /** What was checked, a sentence. */
  readonly checked: string;
  /** Whether pictures are turned as their EXIF says. */
  readonly exif: ExifHandling;
  /** Gives the path of an image, by its position, within its data set. */
  readonly pathOf: (image: number) => string;
  readonly date: Date;
}

/** Pictures of a section at most: a page of them is some MB. `--json` has all. */
const mostPictures = 60;
/** Thumbnails that are made at once. */
const concurrency = 2;

/** Findings about data sets as one page of HTML, with the pictures side by side. */
export async function dataCheckPage(check: DataCheck, page: DataCheckPage): Promise<string> {
  const { title, summary, checked, date } = page;
  const pictures = new Pictures(check, page);
  const { leaks, twoClasses, repeated } = duplicatesByHarm(check);
  const sections = [
    { id: 'summary', title: 'Summary', section: findingsSection(summary, markup`<p class="hint">${checked}</p>`) },
    { id: 'leaks', title: 'Test pictures in the training set', section: await pairsSection(pictures, 'leaks', 'Test pictures in the training set', 'Accuracy on these says nothing about new pictures.', leaks) }, // prettier-ignore
    { id: 'two-classes', title: 'One picture in two classes', section: await pairsSection(pictures, 'two-classes', 'One picture in two classes', 'At most one of the labels is right.', twoClasses) }, // prettier-ignore
    { id: 'labels', title: 'Suspicious labels', section: await labelsSection(check, pictures) },
    { id: 'repeated', title: 'Repeated pictures', section: await pairsSection(pictures, 'repeated', 'Repeated pictures', 'The same picture more than once in one class: it then counts more than others.', repeated) }, // prettier-ignore
    { id: 'odd', title: 'Pictures that stand out', section: await oddSection(check, pictures) },
    { id: 'classes', title: 'Classes', section: classesSection(check) },
  ];
  return String(htmlPage({ title, date, sections }));
}

/** Makes the pictures of images, each once. */
class Pictures {
  readonly #made = new Map<number, Promise<Thumbnail | null>>();

  constructor(
    private readonly check: DataCheck,
    private readonly page: Pick<DataCheckPage, 'exif' | 'pathOf'>,
  ) {}

  /** A picture with words below it. */
  async figure(image: number, title: Insertable, words: string): Promise<Markup> {
    const found = this.check.images[image];
    if (!found) return markup``;
    const { file, set } = found;
    const made = this.#made.get(image) ?? thumbnail(file, this.page.exif);
    this.#made.set(image, made);
    const alternative = `${printable(path.basename(file.path))}: ${words}`;
    const picture = thumbnailPicture(await made, alternative);
    const place = markup`${set === 'test' && 'test: '}${shortPath(this.page.pathOf(image), 60)}`;
    return imageFigure({ picture, title, lines: [words], path: place });
  }

  classesOf(image: number): Markup {
    const found = this.check.images[image];
    const names = found ? classNamesOf(found.file, this.check.classNames) : [];
    return markup`${names.length === 0 ? 'no class' : names.map((name, i) => markup`${i > 0 && ', '}${named(name, 40)}`)}`;
  }
}

async function pairsSection(
  pictures: Pictures,
  id: string,
  title: string,
  hint: string,
  pairs: readonly DuplicatePair[],
): Promise<Markup | null> {
  if (pairs.length === 0) return null;
  const cards = await mapConcurrently(
    pairs.slice(0, mostPictures / 2),
    concurrency,
    async ({ images, kind, similarity }) => {
      const words = kind.startsWith('same') ? kind : `${kind}, similarity ${similarity.toFixed(2)}`;
      const [one, other] = await Promise.all(images.map((image) => pictures.figure(image, pictures.classesOf(image), words))); // prettier-ignore
      return markup`<li class="pair">${one ?? null}${other ?? null}</li>\n`;
    },
  );
  return gallery({ id, title, hint, cards, all: pairs.length, kind: 'pairs' });
}

async function labelsSection(check: DataCheck, pictures: Pictures): Promise<Markup | null> {
  const { labels, classNames } = check;
  if (!labels || labels.length === 0) return null;
  const name = (label: number) => named(classNames[label] ?? '', 40);
  const cards = await mapConcurrently(labels.slice(0, mostPictures), concurrency, async (suspect) => {
    const { image, given, suggested, selfConfidence, probability, isConfident } = suspect;
    const title =
      given === null
        ? markup`${name(suggested ?? 0)} is missing?`
        : suggested === null
          ? markup`not ${name(given)}?`
          : markup`${name(given)}, or ${name(suggested)}?`;
    const words = `${percent(selfConfidence)} for the label, ${percent(probability)} ${given === null || suggested === null ? 'against it' : `for ${shortName(classNames[suggested] ?? '')}`}${isConfident ? '' : '; unsure'}`; // prettier-ignore
    return markup`<li>${await pictures.figure(image, title, words)}</li>\n`;
  });
  const hint = 'Classifiers that were trained on other images do not believe these labels; the least believed come first. Look at each: some images are only hard.'; // prettier-ignore
  return gallery({ id: 'labels', title: 'Suspicious labels', hint, cards, all: labels.length, kind: 'labels' });
}

async function oddSection({ odd }: DataCheck, pictures: Pictures): Promise<Markup | null> {
  if (odd.length === 0) return null;
  const cards = await mapConcurrently(odd.slice(0, mostPictures), concurrency, async ({ image, kind, words }) => {
    return markup`<li>${await pictures.figure(image, kind, words)}</li>\n`;
  });
  const hint = 'These need not be mistakes, but a picture unlike all others may belong to no class.';
  return gallery({ id: 'odd', title: 'Pictures that stand out', hint, cards, all: odd.length, kind: 'pictures' });
}

function classesSection({ classNames, alike, few }: DataCheck): Markup | null {
  const name = (label: number) => named(classNames[label] ?? '');
  const alikeRows = (alike ?? []).map(({ classes: [a, b], confused }) => [name(a), name(b), percent(confused)]);
  const fewRows = few.slice(0, mostPictures).map(({ label, set, images }) => [name(label), set, whole(images)]);
  if (alikeRows.length + fewRows.length === 0) return null;
  return markup`<section aria-labelledby="classes">
<h2 id="classes">Classes</h2>
${alikeRows.length > 0 && htmlTable({ caption: 'Classes that are hard to tell apart, with the share of their images that is taken for the other class', columns: ['class', 'and', 'confused'], rows: alikeRows, texts: 2 })}
${fewRows.length > 0 && htmlTable({ caption: 'Classes with few images', columns: ['class', 'data set', 'images'], rows: fewRows, texts: 2 })}
</section>`;
}
