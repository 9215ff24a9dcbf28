import { type Markup, markup } from './markup.js';
import { lightColors } from './report-colors.js';

/** A picture as SVG. */
export interface SvgPicture {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Description of the picture for those who cannot see it. */
  readonly name: string;
  readonly content: Markup;
  /** `group` where parts of it can be reached by themselves. Default: `img`. */
  readonly role?: 'img' | 'group';
}

/** A file of SVG, or a part of a page, which gives it its own background. */
export function svgPicture({ width, height, name, content, role = 'img' }: SvgPicture): Markup {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="${role}" aria-label="${name}">
<path d="M0 0h${w}v${h}H0z" fill="${lightColors.paper}" class="paper"/>
${content}
</svg>`;
}

/** A place in a picture: pixels need no more than two digits. */
export function px(value: number): number {
  return Math.round(value * 100) / 100;
}
