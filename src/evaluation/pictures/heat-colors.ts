/** Colours of heat from none to all: matplotlib's `inferno` at a quarter each, readable without telling red from green. */
const stops = [
  [0, 0, 4],
  [87, 16, 110],
  [188, 55, 84],
  [249, 142, 9],
  [252, 255, 164],
] as const;

/** How much of the colour covers the picture where the heat is 1. */
const mostCover = 0.75;

/**
 * Lays the colour of a heat over a pixel; where there is none, the pixel stays as it is.
 *
 * @param pixels RGB, changed in place.
 * @param heat 0 to 1.
 */
export function coverPixel(pixels: Uint8Array, at: number, heat: number): void {
  const place = Math.min(Math.max(heat, 0), 1) * (stops.length - 1);
  const step = Math.min(Math.floor(place), stops.length - 2);
  const cover = mostCover * Math.sqrt(Math.min(Math.max(heat, 0), 1));
  for (let channel = 0; channel < 3; channel += 1) {
    const [from, to] = [stops[step]?.[channel] ?? 0, stops[step + 1]?.[channel] ?? 0];
    const color = from + (to - from) * (place - step);
    pixels[at + channel] = Math.round((pixels[at + channel] ?? 0) * (1 - cover) + color * cover);
  }
}
