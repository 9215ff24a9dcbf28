import { markup } from '../../src/evaluation/report/markup.js';

/** A command of a recording, and what it printed. */
export interface RecordedCommand {
  readonly command: string;
  readonly output: string;
}

const lineHeight = 19;
const characterWidth = 7.83;
const margin = { x: 18, top: 48, bottom: 18 };
const seconds = { typed: 1.2, shown: 1.8 };

/**
 * Draws a terminal in which commands are typed and answered one after another, as an SVG that is animated only by CSS and stops at the end. If the
 * reader prefers reduced motion, everything is visible from the start.
 *
 * @param recording Commands in their order; a command of several lines is indented by its author.
 */
export function terminalSvg(recording: readonly RecordedCommand[]): string {
  const lines = recording.flatMap(({ command, output }, turn) => {
    const typedAt = turn * (seconds.typed + seconds.shown);
    const typed = command
      .split('\n')
      .map((text, i) => ({ text: i === 0 ? `$ ${text}` : text, at: typedAt, kind: 'in' }));
    const answered = output
      .trimEnd()
      .split('\n')
      .map((text) => ({ text, at: typedAt + seconds.typed, kind: 'out' }));
    return [...typed, ...answered, { text: '', at: typedAt, kind: 'out' }];
  });
  lines.pop();
  const width = Math.ceil(Math.max(...lines.map(({ text }) => text.length)) * characterWidth) + 2 * margin.x;
  const height = margin.top + lines.length * lineHeight + margin.bottom;
  const texts = lines.flatMap(({ text, at, kind }, i) => {
    const y = margin.top + (i + 1) * lineHeight - 5;
    const start = `<text class="${kind}" y="${y}" style="animation-delay:${at.toFixed(1)}s">`;
    return text === '' ? [] : [`${start}${placed(text)}</text>`];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: ${escaped(recording.map(({ command }) => command.split(' ').slice(0, 2).join(' ')).join(', '))}">
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #c9d1dc; animation: appear 0.3s both; }
.in { fill: #8ec5ff; }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { text { animation: none; } }
</style>
<rect width="100%" height="100%" rx="10" fill="#14181f"/>
<circle cx="22" cy="22" r="6" fill="#ff5f57"/><circle cx="42" cy="22" r="6" fill="#febc2e"/><circle cx="62" cy="22" r="6" fill="#28c840"/>
${texts.join('\n')}
</svg>
`;
}

/** Places words that are aligned at their columns, whatever the width of the reader's font. */
function placed(text: string): string {
  return [...text.matchAll(/\S+( \S+)*/g)]
    .map(
      ({ 0: words, index }) => `<tspan x="${(margin.x + index * characterWidth).toFixed(0)}">${escaped(words)}</tspan>`,
    )
    .join('');
}

function escaped(text: string): string {
  return String(markup`${text}`);
}
