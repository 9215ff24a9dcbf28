import { inspect } from 'node:util';

import yargs, { type Argv, type Options } from 'yargs';
import { hideBin } from 'yargs/helpers';

import { SignetError } from '../../errors.js';
import { kebabCase } from '../../text/case.js';
import { jsonText } from '../../text/printable.js';
import {
  type Command,
  type CommandOnlyOf,
  conflictProblems,
  dependencyProblems,
  type Flag,
  type FlagTable,
  type OptionsOf,
  usageOfWords,
  valueProblems,
} from './flag-table.js';
import { print, standardOutput, tell } from '../../text/tell.js';

/** Words typed in addition to the options: flags that concern the command line alone, and words that are not flags. */
export type CommandCall<Flags extends FlagTable> = CommandOnlyOf<Flags> & {
  /** The words that are not flags; none unless the command takes them. */
  readonly operands: readonly string[];
  /** The options that were typed, without defaults. */
  readonly given: Partial<OptionsOf<Flags>>;
};

/** Thrown by a handler when the flags do not go together: ends the command like a mistyped flag, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command to its end and sets the exit code: 0 done, 1 failed, 2 wrong usage; one that the handler set stays.
 *
 * The flags are checked by their table before the handler is called. A problem is reported on standard error: its message, then the way to the help
 * for wrong usage, or else the code that `docs/errors.md` explains. `--debug` prints the whole error, with its stack.
 *
 * @param handler Imports heavy modules itself, so that `--help` and a mistyped flag are answered at once.
 * @example
 * ```ts
 * await runCommand(showModelCommand, async (options, { json }) => {
 *   const { showModel } = await import('./run.js');
 *   printResult(await showModel(options), json, showModelText);
 * });
 * ```
 */
export async function runCommand<Flags extends FlagTable>(
  command: Command<Flags>,
  handler: (options: OptionsOf<Flags>, call: CommandCall<Flags>) => Promise<void>,
  argv: readonly string[] = hideBin(process.argv),
): Promise<void> {
  const stdout = standardOutput();
  if (!stdout.listeners('error').includes(ignoreClosedPipe)) stdout.on('error', ignoreClosedPipe);
  try {
    const parsed = await parse(command, argv);
    // The parser gives every flag the type that the table says; the table's types say the same.
    if (parsed) await handler(parsed.options as OptionsOf<Flags>, parsed.call as unknown as CommandCall<Flags>);
  } catch (error) {
    process.exitCode = isUsage(error) ? 2 : 1;
    tell(describeError(error, command.name, argv.includes('--debug')));
  }
}

/** Prints a command's result, as JSON for a program or as text. */
export function printResult<Result>(result: Result, json: boolean, text: (result: Result) => string): void {
  if (json) standardOutput().write(`${jsonText(result, 2)}\n`);
  else print(text(result));
}

/** `show-model ... | head` has read enough: that is not a failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** A value that a flag may not have may be found where it is used, far from the parser. */
function isUsage(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof SignetError && error.code === 'INVALID_ARGUMENT');
}

function describeError(error: unknown, name: string, debug: boolean): string {
  if (debug && !(error instanceof UsageError)) return inspect(error);
  return `${name}: ${error instanceof Error ? error.message : inspect(error)}\n${whereToLook(error, name)}`;
}

function whereToLook(error: unknown, name: string): string {
  if (isUsage(error)) return `See ${name} --help`;
  if (error instanceof SignetError) return `Error code: ${error.code}`;
  return 'This was not foreseen; --debug shows where it happened.';
}

type AnyOptions = Readonly<Record<string, unknown>>;

interface Parsed {
  readonly options: AnyOptions;
  readonly call: AnyOptions;
}

/** @returns `undefined` when `--help` was asked for, and answered. */
async function parse<Flags extends FlagTable>(
  command: Command<Flags>,
  argv: readonly string[],
): Promise<Parsed | undefined> {
  const { flags, operands: wanted, operand } = command;
  const typed = new Map(findTyped(argv, flags));
  const isRelaxed = [...typed.keys()].some((name) => flags[name]?.relaxes);
  let help: string | undefined;
  const args: Record<string, unknown> = await parser(command, argv, isRelaxed).parseAsync(
    [...argv],
    {},
    (_error, parsed, output) => {
      if ('help' in parsed && output !== '') help = output;
    },
  );
  if (help !== undefined) {
    print(`${help}\n`);
    return undefined;
  }
  checkTyped(typed, args, flags);
  const operands = (args._ as (string | number)[]).map(String);
  if (wanted !== undefined && operands.length === 0) throw new UsageError(`Give ${wanted}.`);
  if (operand && operands.length === 0 && flags[operand.option]?.required && !isRelaxed && !typed.has(operand.option)) {
    throw new UsageError(`Give ${operand.name}.`);
  }
  if (operand && operands.length > 0) {
    args[operand.option] = operandOf(operands, typed, operand);
    typed.set(operand.option, operands);
  }
  const isGiven = (name: string) => typed.has(name);
  checkValues(flags, args, isRelaxed ? isGiven : null);
  const values = pick(args, (name) => Object.hasOwn(flags, name) && args[name] !== undefined);
  Object.values<Flag>(pick(flags, (name) => values[name] === true)).forEach(({ whenOn }) => whenOn?.());
  const isOption = (name: string) => !flags[name]?.commandOnly;
  const options = pick(values, isOption);
  return { options, call: { ...pick(values, (name) => !isOption(name)), operands, given: pick(options, isGiven) } };
}

/** @throws UsageError for two words, or a word and its flag. */
function operandOf(
  operands: readonly string[],
  typed: Typed,
  { name, option }: NonNullable<Command<FlagTable>['operand']>,
): string | undefined {
  if (operands.length > 1) throw new UsageError(`Unknown argument: ${operands[1]}. Expected: one ${name}.`);
  if (typed.has(option)) throw new UsageError(`Give ${name} or --${kebabCase(option)}. Received: both.`);
  return operands[0];
}

function pick<Value>(
  record: Readonly<Record<string, Value>>,
  isWanted: (name: string) => boolean,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => isWanted(name)));
}

/**
 * @param isTyped Which flags count, where the others come from a training that is resumed. Default: all count.
 * @throws UsageError for flags that exclude each other; SignetError `INVALID_ARGUMENT` that lists all other problems.
 */
function checkValues(flags: FlagTable, args: AnyOptions, isTyped: ((name: string) => boolean) | null): void {
  const conflicts = conflictProblems(flags, args);
  if (conflicts.length > 0) throw new UsageError(conflicts.join('\n'));
  const problems = isTyped
    ? valueProblems(pick(flags, isTyped), args)
    : [...valueProblems(flags, args), ...dependencyProblems(flags, args)];
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
}

function parser<Flags extends FlagTable>(command: Command<Flags>, argv: readonly string[], isRelaxed: boolean): Argv {
  const { name, describe, flags, operand, examples = [] } = command;
  const words = usageOfWords(command);
  const options = Object.entries(flags).map(
    // A word may replace the flag: only after parsing is it known whether one was given.
    ([option, flag]) => [kebabCase(option), yargsOptions(flag, isRelaxed || option === operand?.option)] as const,
  );
  return (
    yargs()
      .scriptName(name)
      .parserConfiguration({ 'parse-positional-numbers': false })
      .usage(`$0 ${words === '' ? '' : `${words} `}[options]\n\n${breakLines(describe)}`)
      .options(Object.fromEntries(options))
      .option('debug', { type: 'boolean', default: false, describe: 'On an error, show where in the code it happened' })
      .example(examples.map(([line, does]) => [`$0 ${line}`, does]))
      .strict(words === '')
      .strictOptions()
      .version(false)
      .help()
      .locale('en')
      // yargs would break lines inside words.
      .wrap(null)
      .exitProcess(false)
      .fail((message, error: Error | undefined) => {
        throw new UsageError(asTyped(message ? message : (error?.message ?? ''), argv));
      })
  );
}

/** A flag as yargs takes it. One of text or numbers takes a value: `--seed --verbose` is a mistake, not a seed without a value. */
function yargsOptions(flag: Flag, isRelaxed: boolean): Options {
  const { help, default: value, defaultText, required = false, alias } = flag;
  return {
    ...yargsType(flag),
    demandOption: required && !isRelaxed,
    describe: defaultText === undefined ? help : `${help} [default: ${defaultText}]`,
    ...(value !== undefined && { default: value }),
    ...(alias !== undefined && { alias }),
  };
}

function yargsType(flag: Flag): Options {
  switch (flag.type) {
    case 'choice':
      return { choices: flag.choices };
    case 'boolean':
      return { type: 'boolean' };
    case 'numbers':
      return { type: 'number', array: true, requiresArg: true };
    case 'words':
      return { type: 'string', array: true, requiresArg: true };
    case 'number':
    case 'integer':
      return { type: 'number', requiresArg: true };
    default:
      return { type: 'string', requiresArg: true };
  }
}

/** yargs names an unknown flag twice, in both spellings, and without its dashes. */
function asTyped(message: string, argv: readonly string[]): string {
  const [, list] = /^Unknown arguments?: (.*)$/.exec(message) ?? [];
  const names = new Set(list?.split(', '));
  const words = argv.map((word) => word.replace(/=.*/s, '')).filter((word) => names.has(word.replace(/^--?/, '')));
  if (words.length === 0) return message;
  return `Unknown argument${words.length > 1 ? 's' : ''}: ${words.join(', ')}`;
}

function breakLines(text: string): string {
  return text.replaceAll(/(.{1,100})(?:\s+|$)/g, '$1\n').trimEnd();
}

/** The words that give each flag a value, by option name: `--seed=4` or `--seed 4`, with the value's text. */
type Typed = ReadonlyMap<string, readonly (string | undefined)[]>;

function findTyped(argv: readonly string[], flags: FlagTable): Typed {
  const typed = new Map<string, (string | undefined)[]>();
  const end = argv.indexOf('--');
  const words = end === -1 ? argv : argv.slice(0, end);
  for (const [i, word] of words.entries()) {
    const [, name = '', value] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const option = findOption(name, flags);
    if (option === undefined) continue;
    const isSwitch = flags[option]?.type === 'boolean';
    typed.set(option, [...(typed.get(option) ?? []), value ?? (isSwitch ? undefined : argv[i + 1])]);
  }
  return typed;
}

/** @param word As typed without dashes, in either spelling. */
function findOption(word: string, flags: FlagTable): string | undefined {
  const named = [kebabCase(word), kebabCase(word).replace(/^no-/, '')];
  const options = Object.keys(flags);
  return (
    options.find((option) => named.includes(kebabCase(option))) ??
    options.find((option) => flags[option]?.alias === word)
  );
}

/**
 * Finds what yargs accepts: a flag given twice, where only one would count, a switch with a value, and a number that is not one.
 *
 * @throws UsageError
 */
function checkTyped(typed: Typed, args: AnyOptions, flags: FlagTable): void {
  for (const [option, texts] of typed) {
    const { type } = flags[option] ?? {};
    const name = `--${kebabCase(option)}`;
    const [text] = texts;
    if (type === 'boolean' && text !== undefined && !['true', 'false'].includes(text)) {
      throw new UsageError(`${name} is a switch and takes no value. Received: ${text}`);
    }
    if (texts.length > 1 && type !== 'numbers' && type !== 'words')
      throw new UsageError(`${name} was given more than once; give it once.`);
    if ([args[option]].flat().some((value) => Number.isNaN(value))) {
      throw new UsageError(`${name} takes a number. Received: ${text}`);
    }
  }
}
