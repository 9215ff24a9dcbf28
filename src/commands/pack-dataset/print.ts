import { count, sizeText } from '../../text/amounts.js';
import { shellCommand } from '../shared/shell-command.js';
import type { PackDatasetResult } from './run.js';

/** Returns what `pack-dataset` prints. */
export function packDatasetText(result: PackDatasetResult): string {
  const { output, images, shards, bytes, keptShards, skipped, classNames, seconds, interrupted } = result;
  if (interrupted) return `${output}: not all images are packed. Run the same command again to continue.\n`;
  const kept = keptShards === 0 ? '' : `, ${keptShards} of them from before`;
  const left = skipped === 0 ? [] : [`${count(skipped, 'image')} left out, listed in skipped-images.tsv`];
  const lines = [
    `${output}: ${count(images, 'image')} of ${count(classNames.length, 'class', 'classes')} in ${count(shards, 'shard')}${kept}, ${sizeText(bytes)}, ${seconds.toFixed(1)} s`,
    ...left,
    '',
    'Use them in place of the folder, for example:',
    `  ${shellCommand('train-model', { trainDatasetPath: output })} …`,
  ];
  return `${lines.join('\n')}\n`;
}
