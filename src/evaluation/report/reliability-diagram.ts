import type { Calibration, ReliabilityBin } from '../confidence/reliability.js';
import { type Markup, markup } from './markup.js';
import { niceTicks } from './nice-ticks.js';
import { lightColors as colors } from './report-colors.js';
import { percent } from './report-text.js';
import { px, svgPicture } from './svg-picture.js';

/** Pixels. */
const size = { width: 380, height: 360 } as const;
const plot = { left: 52, right: size.width - 14, top: 18, bottom: size.height - 50 } as const;

const x = (confidence: number) => plot.left + confidence * (plot.right - plot.left);
const y = (accuracy: number) => plot.bottom - accuracy * (plot.bottom - plot.top);

/**
 * A reliability diagram: a bar per bin of confidence, as high as the part of its images that are right. Where the confidence is right, bars
 * end at the diagonal. A bin with more images has a darker bar.
 */
export function reliabilityDiagram({ bins, expectedCalibrationError }: Calibration): Markup {
  const most = bins.reduce((largest, { images }) => Math.max(largest, images), 1);
  const ticks = niceTicks(0, 1);
  const content = markup`<g font-family="system-ui, sans-serif" font-size="12" fill="${colors.ink}" class="ink">
${ticks.values.map((value) => horizontalLine(y(value), ticks.text(value)))}
${ticks.values.map((value) => markup`<text x="${px(x(value))}" y="${plot.bottom + 18}" text-anchor="middle" ${quiet}>${ticks.text(value)}</text>`)}
${bins.map((bin) => bar(bin, bin.images / most))}
<path d="M${px(x(0))} ${px(y(0))}L${px(x(1))} ${px(y(1))}" stroke="${colors.quiet}" stroke-width="1.5" stroke-dasharray="2 3" class="mark"/>
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 38}" text-anchor="middle" ${quiet}>confidence: the largest probability</text>
<text transform="translate(14 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle" ${quiet}>accuracy</text>
</g>`;
  const name = `Reliability diagram, expected calibration error ${expectedCalibrationError.toFixed(4)}: ${inWords(bins)}.`;
  return svgPicture({ ...size, name, content });
}

const quiet = markup`fill="${colors.quiet}" class="quiet"`;

function horizontalLine(at: number, label: string): Markup {
  return markup`<path d="M${plot.left} ${px(at)}H${plot.right}" stroke="${colors.line}" class="grid"/>
<text x="${plot.left - 8}" y="${px(at + 4)}" text-anchor="end" ${quiet}>${label}</text>`;
}

/** A bar, and a line at its end, which also shows where no image is right. */
function bar({ from, to, images, accuracy }: ReliabilityBin, share: number): Markup | null {
  if (accuracy === null) return null;
  const [left, right, top] = [px(x(from) + 1), px(x(to) - 1), px(y(accuracy))];
  const opacity = px(0.15 + 0.6 * Math.sqrt(share));
  return markup`<path d="M${left} ${px(plot.bottom)}V${top}H${right}V${px(plot.bottom)}z" fill="${colors.first}" fill-opacity="${opacity}" class="bar"><title>${percent(accuracy)} of ${images} right</title></path>
<path d="M${left} ${top}H${right}" stroke="${colors.first}" stroke-width="2" class="line-first"/>`;
}

function inWords(bins: readonly ReliabilityBin[]): string {
  const filled = bins.filter(({ images }) => images > 0);
  const words = filled.map(({ confidence, accuracy, images }) =>
    [`confidence ${confidence?.toFixed(2)}`, `accuracy ${accuracy?.toFixed(2)}`, `${images} images`].join(', '),
  );
  return words.join('; ') || 'no images';
}
