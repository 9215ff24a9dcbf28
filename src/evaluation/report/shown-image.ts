import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { explainFiles } from '../pictures/explain-files.js';
import type { CompleteReportContent } from './report-content.js';
import { heatedThumbnail, type Thumbnail, thumbnail } from './thumbnail.js';

/** An image for a report, and the class that its heat map is about; null for no heat map. */
export interface RequestedImage {
  readonly image: ImageFile;
  readonly label: number | null;
}

/** Pictures of an image in a report. */
export interface ShownImage {
  /** Null for a file that cannot be shown. */
  readonly thumbnail: Thumbnail | null;
  /** With its heat map over it; null where there is none. */
  readonly heated: Thumbnail | null;
  /** The class that was looked for. */
  readonly label: number | null;
}

/** Images that are decoded at once. */
const concurrency = 2;

/** Makes the pictures of images, with their heat maps where the model has some. */
export async function showImages(
  images: readonly RequestedImage[],
  { exif, explain }: Pick<CompleteReportContent, 'exif' | 'explain'>,
): Promise<ShownImage[]> {
  const heatmaps = explain ? await explainFiles(images, explain) : new Map<RequestedImage, never>();
  return mapConcurrently(images, concurrency, async (requested) => {
    const heatmap = heatmaps.get(requested);
    return {
      thumbnail: await thumbnail(requested.image, exif),
      heated: heatmap ? await heatedThumbnail(requested.image, heatmap) : null,
      label: requested.label,
    };
  });
}
