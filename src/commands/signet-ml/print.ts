import { nearNames } from '../../text/near-names.js';
import type { Command, FlagTable } from '../shared/flag-table.js';
import { allCommands, wordOf } from './all-commands.js';

/** Returns what `signet-ml --help` prints. */
export function overviewText(version: string): string {
  const width = Math.max(...allCommands.map((command) => wordOf(command).length)) + 2;
  const rows = allCommands.map((command) => `  ${wordOf(command).padEnd(width)}${purposeOf(command)}`);
  return `signet-ml ${version}: trains image classifiers, and serves them as TensorFlow SavedModels.

signet-ml COMMAND [options]

Commands:
${rows.join('\n')}

signet-ml COMMAND --help lists a command's options. Each is a program of its own too: npx train-model --help
`;
}

/** The first sentence that describes a command; of a long one what comes before a comma. */
function purposeOf({ describe }: Command<FlagTable>): string {
  const [sentence = describe] = describe.split(/[.:](?:\s|$)/);
  return sentence.length <= 100 ? sentence : sentence.slice(0, 100).replace(/[,;][^,;]*$/, '');
}

/** Returns what is said to a word that is not a command. */
export function unknownText(word: string): string {
  const words = allCommands.map(wordOf);
  const begun = words.filter((each) => each.startsWith(word));
  const meant = begun.length > 0 ? begun : nearNames(word, words, 1);
  return `signet-ml: there is no command ${word}. Did you mean ${meant.join(' or ')}? signet-ml --help lists them all.`;
}
