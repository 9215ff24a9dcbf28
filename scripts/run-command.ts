import { inspect } from 'node:util';

import yargs, { type Argv, type InferredOptionTypes, type Options } from 'yargs';
import { hideBin } from 'yargs/helpers';

import { SignetError } from '../src/errors.js';
import { camelCase, kebabCase } from '../src/text/case.js';

/** A command's flags by name, in kebab-case, as yargs takes them. */
export type CommandOptions = Record<string, Options>;

type CamelCase<S> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : S;

/** What a handler receives: the flags in camelCase. */
export type CommandArguments<O extends CommandOptions> = {
  readonly [K in keyof InferredOptionTypes<O> as CamelCase<K>]: InferredOptionTypes<O>[K];
} & {
  /** Whether `--debug` was given: errors are printed with their stack. */
  readonly debug: boolean;
  /** The words that are no flags; none unless the command takes them. */
  readonly operands: readonly string[];
  /** Names, in camelCase, of the flags that were typed: the others have their defaults. */
  readonly given: ReadonlySet<string>;
};

/** A command of Signet: what `--help` says, what it takes, what it does. */
export interface Command<O extends CommandOptions> {
  /** As a person types it: `train-model`. */
  readonly name: string;
  /** What it does, in one sentence. */
  readonly describe: string;
  readonly options: O;
  /** Flags with any of which those that are required otherwise may be left out. Default: none. */
  readonly relaxedBy?: readonly (keyof O & string)[];
  /** What the words that are no flags are, such as `FILES`; at least one is needed. Default: there may be none. */
  readonly operands?: string;
  /** Command lines after the name, each with what it does. Default: none. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
  /** Heavy modules are imported in here, so that `--help` and a mistyped flag are answered at once. */
  readonly handler: (args: CommandArguments<O>) => Promise<void>;
}

/** Thrown by a handler when the flags do not go together: ends the command like a mistyped flag, with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Runs a command to its end and sets the exit code: 0 done, 1 failed, 2 wrong usage; one that the handler set stays.
 *
 * Problems are told on standard error in their message's words; `--debug` adds the stack.
 *
 * @example
 * ```ts
 * await runCommand({
 *   name: 'show-model',
 *   describe: 'Prints the signatures of a SavedModel.',
 *   options: { 'model-path': { type: 'string', demandOption: true, describe: 'Folder of the SavedModel' } },
 *   handler: async ({ modelPath }) => { ... },
 * });
 * ```
 */
export async function runCommand<const O extends CommandOptions>(
  command: Command<O>,
  argv: readonly string[] = hideBin(process.argv),
): Promise<void> {
  if (!process.stdout.listeners('error').includes(ignoreClosedPipe)) process.stdout.on('error', ignoreClosedPipe);
  try {
    const args = await parse(command, argv);
    if (args !== undefined) await command.handler(args);
  } catch (error) {
    process.exitCode = isUsage(error) ? 2 : 1;
    process.stderr.write(`${describeError(error, command.name, argv.includes('--debug'))}\n`);
  }
}

/** `show-model ... | head` has read enough: that is no failure. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** A value that a flag may not have is found where it is used, far from the parser. */
function isUsage(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof SignetError && error.code === 'INVALID_ARGUMENT');
}

function describeError(error: unknown, name: string, debug: boolean): string {
  if (error instanceof UsageError) return `${name}: ${error.message}\nSee ${name} --help`;
  if (debug) return inspect(error);
  if (error instanceof SignetError) return `${name}: ${error.message}`;
  const message = error instanceof Error ? error.message : inspect(error);
  return `${name}: ${message}\nThis was not foreseen; --debug shows where it happened.`;
}

/** @returns `undefined` when `--help` was asked for, and answered. */
async function parse<O extends CommandOptions>(
  command: Command<O>,
  argv: readonly string[],
): Promise<CommandArguments<O> | undefined> {
  let help: string | undefined;
  const args = await parser(command, argv).parseAsync([...argv], {}, (_error, args, output) => {
    if ('help' in args && output !== '') help = output;
  });
  if (help !== undefined) {
    process.stdout.write(`${help}\n`);
    return undefined;
  }
  const given = checkFlags(argv, args, command.options);
  const operands = args._.map(String);
  if (command.operands !== undefined && operands.length === 0) throw new UsageError(`Give ${command.operands}.`);
  // yargs has given every flag its type; it only types them under both spellings.
  return { ...args, operands, given } as unknown as CommandArguments<O>;
}

function parser<O extends CommandOptions>(command: Command<O>, argv: readonly string[]): Argv {
  const { name, describe, options, operands, examples = [], relaxedBy = [] } = command;
  const isRelaxed = relaxedBy.some((flag) => argv.some((word) => word.replace(/=.*/s, '') === `--${flag}`));
  return (
    yargs()
      .scriptName(name)
      .parserConfiguration({ 'parse-positional-numbers': false })
      .usage(`$0 ${operands === undefined ? '' : `${operands}... `}[options]\n\n${breakLines(describe)}`)
      .options(withValues(isRelaxed ? withoutDemands(options) : options))
      .option('debug', { type: 'boolean', default: false, describe: 'On an error, show where in the code it happened' })
      .example(examples.map(([line, does]) => [`$0 ${line}`, does]))
      .strict(operands === undefined)
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

/** A flag of text or numbers takes a value: `--seed --verbose` is a mistake, not a seed without a value. */
function withValues(options: CommandOptions): CommandOptions {
  const takesValue = ({ type }: Options) => type === 'string' || type === 'number';
  const entries = Object.entries(options).map(([name, option]): [string, Options] => [
    name,
    takesValue(option) ? { requiresArg: true, ...option } : option,
  ]);
  return Object.fromEntries(entries);
}

function withoutDemands(options: CommandOptions): CommandOptions {
  const entries = Object.entries(options).map(([name, option]) => [name, { ...option, demandOption: false }] as const);
  return Object.fromEntries(entries);
}

/**
 * Finds what yargs lets pass: a flag given twice, of which one would count, a switch with a value of its own, and a
 * number that is none.
 *
 * @returns The flags that are given, in camelCase.
 */
function checkFlags(
  argv: readonly string[],
  args: Record<string, unknown>,
  options: CommandOptions,
): ReadonlySet<string> {
  const given = new Set<string>();
  const end = argv.indexOf('--');
  for (const [i, word] of (end === -1 ? argv : argv.slice(0, end)).entries()) {
    const [, name = '', value] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const flag = findOption(name, options);
    if (flag === undefined) continue;
    const { type, array } = options[flag] ?? {};
    if (type === 'boolean' && value !== undefined && !['true', 'false'].includes(value)) {
      throw new UsageError(`--${flag} is a switch and takes no value. Received: ${value}`);
    }
    if (given.has(flag) && type !== 'array' && type !== 'count' && !array) {
      throw new UsageError(`--${flag} was given more than once; give it once.`);
    }
    if (type === 'number' && [args[flag]].flat().some((number) => Number.isNaN(number))) {
      throw new UsageError(`--${flag} takes a number. Received: ${value ?? argv[i + 1]}`);
    }
    given.add(flag);
  }
  return new Set(Array.from(given, camelCase));
}

function findOption(word: string, options: CommandOptions): string | undefined {
  const kebab = kebabCase(word);
  const named = [kebab, kebab.replace(/^no-/, '')].find((name) => Object.hasOwn(options, name));
  return named ?? Object.keys(options).find((name) => options[name]?.alias === word);
}
