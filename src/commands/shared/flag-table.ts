/**
 * The table of a command's flags: one entry per flag, in `src/commands/NAME/flags.ts`. That entry is all there is to write. From the tables come
 *
 * - the parser of the command line and `--help` (`run-command.ts`),
 * - the type of the options (`OptionsOf`, and `GivenOptionsOf` for callers, who may leave out what has a default),
 * - the defaults for code and all checks (`completeOptions`),
 * - what `train-model --resume` takes from the interrupted training, and what may differ (`onResume`; `train-model/remembered-options.ts`),
 * - the rows of a training's report and the columns of `list-models` (`report`, `list`),
 * - `docs/commands.md` (`npm run docs:commands`).
 *
 * The key is the option's name in code; on the command line it is `--in-kebab-case`.
 *
 * @example
 * ```ts
 * export const trainModelCommand = defineCommand({
 *   name: 'train-model',
 *   describe: 'Trains an image classifier and saves it as a TensorFlow SavedModel.',
 *   flags: {
 *     trainDatasetPath: { type: 'path', required: true, help: 'Folder with one folder of images per class' },
 *     patience: {
 *       type: 'integer',
 *       range: { min: 0 },
 *       default: 5,
 *       help: 'Epochs without a better val_accuracy after which training stops',
 *       onResume: 'may differ',
 *     },
 *   },
 * });
 *
 * type TrainModelOptions = OptionsOf<typeof trainModelCommand.flags>; // { trainDatasetPath: string; patience: number }
 * completeOptions(trainModelCommand.flags, { trainDatasetPath: 'data' }); // { trainDatasetPath: 'data', patience: 5 }
 * completeOptions(trainModelCommand.flags, { trainDatasetPath: 'data', patience: -1 }); // throws: --patience is a whole number from 0. Received: -1.
 * ```
 */
import { SignetError } from '../../errors.js';
import { kebabCase } from '../../text/case.js';

/** A value that a flag may have. */
export type FlagValue = string | number | boolean | readonly number[] | readonly string[];

/**
 * What a resumed training may do with an option. `'given again'`: if the training had it, it must be repeated on the command line, since it names
 * code to run and no file may decide that.
 */
export type OnResume = 'must be the same' | 'may differ' | 'may be fewer' | 'given again';

/** Bounds of a number. */
export interface NumberRange {
  /** The smallest value allowed. Default: none. */
  readonly min?: number;
  /** A bound that the value must exceed. Default: none. */
  readonly above?: number;
  /** The largest value allowed. Default: none. */
  readonly max?: number;
  /** A bound that the value must stay below. Default: none. */
  readonly below?: number;
}

interface FlagOf<Value extends FlagValue> {
  /** Purpose of the flag, in one line without a full stop; the default is added. */
  readonly help: string;
  /** The value when it is left out. Default: the option is undefined. */
  readonly default?: Value;
  /** The default in words, where the code that uses the option computes it. Default: none is shown. */
  readonly defaultText?: string;
  /** Whether it must be given. Default: false. */
  readonly required?: true;
  /** A letter for the command line. Default: none. */
  readonly alias?: string;
  /** Whether it concerns the command line alone, such as `--json`, and is not an option of the function. Default: false. */
  readonly commandOnly?: true;
  /** Finds what is wrong with a value beyond its type and range, as a whole sentence. Default: nothing. */
  readonly check?: (value: Value) => string | undefined;
  /** Flags that exclude this one, by option name, each with the message for somebody who gives both. Default: none. */
  readonly conflicts?: Readonly<Record<string, string>>;
  /** Flags that must be given along with this one, by option name. Default: none. */
  readonly needs?: readonly string[];
  /** Flags of which at least one must be given along with this one, by option name. Default: none. */
  readonly needsOneOf?: readonly string[];
  /** Flags that may replace this one, by option name: one of them or this one must be given. Default: it may be left out. */
  readonly requiredUnless?: readonly string[];
  /** Values that other options must have for this one to make sense, by option name. Default: any. */
  readonly onlyWith?: Readonly<Record<string, readonly FlagValue[]>>;
  /** Rule for a resumed training; a function decides by the value before and all options before. Default: 'must be the same'. */
  readonly onResume?: OnResume | ((before: Value, options: Readonly<Record<string, unknown>>) => OnResume);
  /** Whether required flags may be left out when this one is given. Default: false. */
  readonly relaxes?: true;
  /** Runs before the command when the switch is on. Default: nothing. */
  readonly whenOn?: () => void;
  /** The name under which a training's report shows the value. Default: it is not shown. */
  readonly report?: string;
  /** The heading under which `list-models` shows the value. Default: it is not shown. */
  readonly list?: string;
}

/** Any text. */
interface TextFlag extends FlagOf<string> {
  readonly type: 'string';
}

/** A file or folder. Relative to the working directory; a training remembers the absolute path. */
interface PathFlag extends FlagOf<string> {
  readonly type: 'path';
  /** Words that are not paths but mean something of their own, such as `imagenet`. Default: none. */
  readonly words?: readonly string[];
}

interface ChoiceFlag extends FlagOf<string> {
  readonly type: 'choice';
  readonly choices: readonly string[];
}

interface SwitchFlag extends FlagOf<boolean> {
  readonly type: 'boolean';
}

interface NumberFlag extends FlagOf<number> {
  readonly type: 'number' | 'integer';
  /** Default: any number. */
  readonly range?: NumberRange;
}

/** Several numbers, separated by spaces on the command line. */
interface NumbersFlag extends FlagOf<readonly number[]> {
  readonly type: 'numbers';
}

/** Several words, separated by spaces on the command line. */
interface WordsFlag extends FlagOf<readonly string[]> {
  readonly type: 'words';
}

/** One entry of the table. */
export type Flag = TextFlag | PathFlag | ChoiceFlag | SwitchFlag | NumberFlag | NumbersFlag | WordsFlag;

/** A command's flags by option name, in the order of `--help`. */
export type FlagTable = Readonly<Record<string, Flag>>;

/** All of a command but what it does: what `--help` and docs/commands.md say, and its flags. */
export interface Command<Flags extends FlagTable> {
  /** The name on the command line: `train-model`. */
  readonly name: string;
  /** Description of the command, in a sentence or two. */
  readonly describe: string;
  readonly flags: Flags;
  /** Name of the words that are not flags, such as `FILES`; at least one is needed. Default: none are taken. */
  readonly operands?: string;
  /** An option that a word without a flag gives, and the word's name, such as `DIR`. Default: none. */
  readonly operand?: { readonly name: string; readonly option: string };
  /** Command lines after the name, each with what it does. Default: none. */
  readonly examples?: readonly (readonly [line: string, does: string])[];
}

/** The words of a command that are not flags, as its usage shows them: `[DIR]`, `NAME`, `FILES...`; empty where it takes none. */
export function usageOfWords({ operands, operand, flags }: Command<FlagTable>): string {
  if (operand) return flags[operand.option]?.required ? operand.name : `[${operand.name}]`;
  return operands === undefined ? '' : `${operands}...`;
}

/** Types a command's table exactly, so that the options' types can be inferred from it. */
export function defineCommand<const Flags extends FlagTable>(command: Command<Flags>): Command<Flags> {
  return command;
}

/** The type of a flag's value. */
type ValueOf<F extends Flag> = F extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : F extends { readonly type: 'number' | 'integer' }
    ? number
    : F extends { readonly type: 'boolean' }
      ? boolean
      : F extends { readonly type: 'numbers' }
        ? readonly number[]
        : F extends { readonly type: 'words' }
          ? readonly string[]
          : string;

interface Required {
  readonly required: true;
}
interface Defaulted {
  readonly default: FlagValue;
}
interface CommandOnly {
  readonly commandOnly: true;
}

/** Values of the flags in `All`; the ones in `Certain` are always present. */
type Values<All extends FlagTable, Certain> = {
  readonly [Name in keyof All as All[Name] extends Certain ? Name : never]: ValueOf<All[Name]>;
} & { readonly [Name in keyof All as All[Name] extends Certain ? never : Name]?: ValueOf<All[Name]> | undefined };

type WithoutCommandOnly<Flags extends FlagTable> = {
  readonly [Name in keyof Flags as Flags[Name] extends CommandOnly ? never : Name]: Flags[Name];
};
type OnlyCommandOnly<Flags extends FlagTable> = {
  readonly [Name in keyof Flags as Flags[Name] extends CommandOnly ? Name : never]: Flags[Name];
};

/** One object type instead of an intersection: shorter in messages of the compiler. */
type Flat<T> = { readonly [Name in keyof T]: T[Name] };

/** The options of a command's function once every default is filled in. */
export type OptionsOf<Flags extends FlagTable> = Flat<Values<WithoutCommandOnly<Flags>, Required | Defaulted>>;

/** The options as a caller gives them: only what is required must be there. */
export type GivenOptionsOf<Flags extends FlagTable> = Flat<Values<WithoutCommandOnly<Flags>, Required>>;

/** Values of the flags that concern the command line alone. */
export type CommandOnlyOf<Flags extends FlagTable> = Flat<Values<OnlyCommandOnly<Flags>, Required | Defaulted>>;

/** A flag as it is typed: `inputWidth` is `--input-width`. */
export function flagName(option: string): string {
  return `--${kebabCase(option)}`;
}

/**
 * Fills in the defaults and checks everything.
 *
 * @param given Other properties than the table's options are left out.
 * @throws SignetError `INVALID_ARGUMENT` that lists every problem.
 */
export function completeOptions<Flags extends FlagTable>(
  flags: Flags,
  given: GivenOptionsOf<NoInfer<Flags>>,
): OptionsOf<Flags> {
  const values = given as Readonly<Record<string, FlagValue | undefined>>;
  const entries = Object.entries<Flag>(flags).flatMap(([name, flag]) => {
    const value = values[name] ?? flag.default;
    return value === undefined || flag.commandOnly ? [] : [[name, value] as const];
  });
  const options = Object.fromEntries(entries);
  const problems = [
    ...valueProblems(flags, options),
    ...conflictProblems(flags, options),
    ...dependencyProblems(flags, options),
  ];
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
  return options as OptionsOf<Flags>;
}

type AnyOptions = Readonly<Record<string, unknown>>;

/** Lists what is wrong with each value by itself, and what is missing. */
export function valueProblems(flags: FlagTable, options: AnyOptions): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => {
    if (flag.commandOnly) return [];
    const value = options[name];
    if (value === undefined) return flag.required ? [`${flagName(name)} is required.`] : [];
    const expected = expectedInsteadOf(flag, value);
    if (expected !== undefined) return [`${flagName(name)} is ${expected}. Received: ${shown(value)}.`];
    return flag.check?.(value as never) ?? [];
  });
}

/** The messages for flags that are given together and exclude each other. A flag with its default value counts as not given. */
export function conflictProblems(flags: FlagTable, options: AnyOptions): string[] {
  const problems = Object.entries(flags).flatMap(([name, { conflicts = {} }]) =>
    Object.entries(conflicts).flatMap(([other, message]) =>
      isGiven(flags, options, name) && isGiven(flags, options, other) ? [message] : [],
    ),
  );
  return [...new Set(problems)];
}

/** Lists flags that make no sense without another flag, or without a value of another. */
export function dependencyProblems(flags: FlagTable, options: AnyOptions): string[] {
  return Object.entries(flags).flatMap(([name, { needs = [], needsOneOf = [], onlyWith = {}, requiredUnless }]) => {
    if (!isGiven(flags, options, name)) return missingProblem(flags, options, [name, ...(requiredUnless ?? [name])]);
    const lacks = (other: string) => !isGiven(flags, options, other);
    const missing = needs.filter(lacks);
    const choice = needsOneOf.length > 0 && needsOneOf.every(lacks) ? [needsOneOf.map(flagName).join(' or ')] : [];
    const unfit = Object.entries(onlyWith).filter(([other, values]) => !values.includes(options[other] as FlagValue));
    return [
      ...missing.map((other) => `${flagName(name)} needs ${flagName(other)}, which is missing.`),
      ...choice.map((others) => `${flagName(name)} needs ${others}, which is missing.`),
      ...unfit.map(
        ([other, values]) =>
          `${flagName(name)} is only for ${flagName(other)} ${values.join(' or ')}. ` +
          `Received: ${shown(options[name])} with ${flagName(other)} ${shown(options[other])}.`,
      ),
    ];
  });
}

/** @param names Options, one of which must be given; a single name is not such a group. */
function missingProblem(flags: FlagTable, options: AnyOptions, names: readonly string[]): string[] {
  const all = [...new Set(names)];
  if (all.length === 1 || all.some((name) => isGiven(flags, options, name))) return [];
  return [`${all.map(flagName).join(' or ')} is required.`];
}

function isGiven(flags: FlagTable, options: AnyOptions, name: string): boolean {
  return options[name] !== undefined && options[name] !== flags[name]?.default;
}

/** Describes what a flag takes: `a whole number from 1`. */
export function expectedValue(flag: Flag): string {
  if (flag.type === 'number' || flag.type === 'integer') return rangeText(flag);
  if (flag.type === 'choice') return `one of ${flag.choices.join(', ')}`;
  return { string: 'text', path: 'a path', boolean: 'true or false', numbers: 'numbers', words: 'words' }[flag.type];
}

/** @returns What was expected in the value's place; undefined when it is fine. */
function expectedInsteadOf(flag: Flag, value: unknown): string | undefined {
  return isOfType(flag, value) ? undefined : expectedValue(flag);
}

function isOfType(flag: Flag, value: unknown): boolean {
  switch (flag.type) {
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && isInRange(value, flag.range);
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) && isInRange(value, flag.range);
    case 'choice':
      return typeof value === 'string' && flag.choices.includes(value);
    case 'numbers':
      return Array.isArray(value) && value.every((each) => typeof each === 'number');
    case 'words':
      return Array.isArray(value) && value.every((each) => typeof each === 'string');
    case 'boolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string';
  }
}

function isInRange(value: number, { min, above, max, below }: NumberRange = {}): boolean {
  return (
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below)
  );
}

function rangeText({ type, range: { min, above, max, below } = {} }: NumberFlag): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  if (min !== undefined && max !== undefined) return `${noun} from ${min} to ${max}`;
  if (type === 'integer') return min === undefined ? noun : `${noun} from ${min}`;
  if (above !== undefined && below !== undefined) return `between ${above} and ${below}`;
  const bounds = [
    ...(above === undefined ? [] : [`more than ${above}`]),
    ...(min === undefined ? [] : [`${min} or more`]),
    ...(max === undefined ? [] : [`at most ${max}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  return bounds.length === 0 ? noun : bounds.join(' and ');
}

function shown(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value);
}
