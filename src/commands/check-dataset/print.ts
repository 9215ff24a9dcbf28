import { printable } from '../../text/printable.js';
import { terminalLink } from '../../text/terminal-link.js';
import { shellCommand } from '../shared/shell-command.js';
import type { CheckDatasetResult, FoundImage } from './run.js';

/** Findings of a kind that are listed; `--json` has all. */
const most = 10;

/** Returns what `check-dataset` prints. */
export function checkDatasetText(result: CheckDatasetResult): string {
  const { summary, duplicates, labels, odd, written, report } = result;
  const leaks = duplicates.filter(({ isInBothSets }) => isInBothSets);
  const twoClasses = duplicates.filter(({ isInBothSets, isInTwoClasses }) => !isInBothSets && isInTwoClasses);
  const repeated = duplicates.filter(({ isInBothSets, isInTwoClasses }) => !isInBothSets && !isInTwoClasses);
  const pairLines = (pairs: typeof duplicates) => pairs.map(({ images, kind }) => `${images.map(named).join(' = ')} (${kind})`); // prettier-ignore
  return [
    '',
    ...summary,
    ...listed('test pictures in the training set', pairLines(leaks)),
    ...listed('one picture in two classes', pairLines(twoClasses)),
    ...listed('suspicious labels, the least believed first', (labels ?? []).map(({ image, reason }) => `${named(image)}: ${printable(reason)}`)), // prettier-ignore
    ...listed('repeated pictures', pairLines(repeated)),
    ...listed('pictures that stand out', odd.map(({ image, kind, words }) => `${named(image)}: ${kind}, ${words}`)), // prettier-ignore
    ...(report === null ? [] : ['', `report: ${terminalLink(report)}`]),
    ...(written === null ? [] : ['', ...nextStep(result, written)]),
    '',
  ].join('\n');
}

function named({ path, labels, set }: FoundImage): string {
  const classes = set === 'test' ? `test, ${labels.join(', ')}` : labels.join(', ');
  return `${printable(path)} [${printable(classes)}]`;
}

function listed(title: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length - most;
  return ['', `${title}:`, ...lines.slice(0, most).map((line) => `  ${line}`), ...(more > 0 ? [`  … and ${more} more`] : [])]; // prettier-ignore
}

function nextStep({ edits }: CheckDatasetResult, written: string): string[] {
  const number = (action: string) => edits.filter((edit) => edit.action === action).length;
  return [
    `${written}: ${number('exclude')} images to leave out, ${number('relabel')} to relabel. Look at them, delete the lines that are wrong, then`,
    `  ${shellCommand('train-model', { exclude: written, relabel: written })} …`,
  ];
}
