#!/usr/bin/env node
import { packageVersion } from '../shared/package-version.js';
import { print, tell } from '../../text/tell.js';
import { allCommands, wordOf } from './all-commands.js';
import { overviewText, unknownText } from './print.js';

/** Runs the command that the first word names, with the words after it: `signet-ml train-model --help` is `train-model --help`. */
const [word = '--help'] = process.argv.slice(2);
const command = allCommands.find((each) => wordOf(each) === word || each.name === word);
if (command) {
  process.argv.splice(2, 1);
  await import(`../${wordOf(command)}/main.js`);
} else if (['--help', '-h', 'help'].includes(word)) {
  print(overviewText(packageVersion()));
} else if (['--version', '-v'].includes(word)) {
  print(`${packageVersion()}\n`);
} else {
  tell(unknownText(word));
  process.exitCode = 2;
}
