/** Limits that are checked before memory is allocated for an image; a data set may come from anywhere. */
export interface ImageLimits {
  /** Largest file that is read, in bytes. Default 64 MiB. */
  readonly maxFileBytes?: number;
  /** Largest image that is decoded, in pixels (width times height). Default 50,000,000. */
  readonly maxPixels?: number;
}

export const defaultImageLimits: Required<ImageLimits> = { maxFileBytes: 64 * 1024 * 1024, maxPixels: 50_000_000 };

export function megapixels(pixels: number): string {
  return pixels < 100_000 ? `${pixels.toLocaleString('en-US')} pixels` : `${tenths(pixels / 1e6)} megapixels`;
}

export function mebibytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes.toLocaleString('en-US')} bytes` : `${tenths(bytes / 1024 / 1024)} MiB`;
}

/** Rounded up, so that a value over a limit is never printed as the limit. */
function tenths(number: number): string {
  return (Math.ceil(number * 10) / 10).toLocaleString('en-US');
}
