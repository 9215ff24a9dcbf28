import { isMistaken } from '../embedding-map/embedding-sample.js';
import { type EmbeddingMap, embeddingPicture } from './embedding-map.js';
import { mapPoints, pointsName } from './map-points.js';
import { markup, type Markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import { whole } from './report-text.js';
import type { Thumbnail } from './thumbnail.js';

/** A map that a page shows. */
export interface ShownMap {
  readonly map: EmbeddingMap;
  /** A picture of each image; null for a file that cannot be shown. */
  readonly thumbnails: readonly (Thumbnail | null)[];
}

/**
 * The evaluated images laid out by what the model sees in them.
 *
 * @param shown Null for a model without embeddings; undefined where there should be no map.
 */
export function embeddingSection(
  { result, kind }: CompleteReportContent,
  shown: ShownMap | null | undefined,
): Markup | null {
  if (shown === undefined) return null;
  return markup`<section aria-labelledby="embeddings">
<h2 id="embeddings">Embedding map</h2>
${
  shown === null
    ? markup`<p>${noEmbeddings}</p>`
    : content(
        shown,
        result.perClass.map(({ className }) => className),
        kind,
      )
}
</section>`;
}

const noEmbeddings =
  'This model has no embeddings: its logits do not come from one last layer with weights, or what goes into that layer is too large to keep.';

function content(
  { map, thumbnails }: ShownMap,
  classNames: readonly string[],
  kind: CompleteReportContent['kind'],
): Markup {
  const { images, method } = map;
  if (images.length === 0) return markup`<p>No image has an embedding of finite numbers.</p>`;
  const mistakes = images.some(isMistaken) ? ' Rings are mistakes.' : '';
  const colored =
    kind === 'multi-label' ? " A mark's colour and shape are those of the first of the image's classes." : '';
  return markup`<p class="hint">${which(map)} Each mark is an image; those that the model sees as alike are near each other. What goes into its last layer was laid out in two dimensions by ${methods[method]}.${mistakes}${colored} Point at a mark to see its image, or press Tab and then the arrow keys; a click keeps it open.</p>
<p class="hint"><label><input type="radio" name="${pointsName}" checked> no image is open</label></p>
<div class="scroll">${embeddingPicture(map, classNames, mapPoints(map, classNames, thumbnails))}</div>`;
}

const methods = {
  UMAP: 'UMAP, which keeps neighbours together: how far groups are from each other says little',
  PCA: 'the two axes along which they differ most (PCA), since there are few images',
} as const;

function which({ images, evaluated }: EmbeddingMap): string {
  const shown = whole(images.length);
  return images.length === evaluated
    ? `All ${shown} images.`
    : `${shown} of ${whole(evaluated)} images, chosen evenly.`;
}
