import { printable } from '../../text/printable.js';
import type { ModelDescription } from '../../models/classifier/model-description.js';
import type { FunctionDescription, FunctionOption } from '../../saved-model/describe/describe-functions.js';
import type { MetaGraphDescription, SavedModelDescription } from '../../saved-model/describe/describe-saved-model.js';
import type { SignatureDescription, TensorDescription } from '../../saved-model/describe/describe-signatures.js';
import type { VariableDescription, VariablesDescription } from '../../saved-model/describe/describe-variables.js';
import { pythonText, tensorText } from '../../saved-model/write/structure.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import { count, sizeText } from '../../text/amounts.js';
import { table } from '../../text/text-table.js';
import { confidenceLines } from './confidence-lines.js';
import type { ShowModelResult } from './run.js';

/** How `show-model` prints. */
export interface ShowModelTextOptions {
  /** Characters a line, which tables may exceed. Default: 100. */
  readonly columns?: number | undefined;
  /** Whether one signature was asked for: it is shown alone, with all its examples. Default: false. */
  readonly oneSignature?: boolean;
}

/** What is shown: of a model that is described without `show-model`, the confidence is not known. */
type ShownModel = SavedModelDescription & Partial<Pick<ShowModelResult, 'confidence' | 'classifier'>>;

/** More rows are counted, not shown; `--json` has all. */
const maxRows = 40;

const hint = '--signature KEY shows one signature with TypeScript and Python to call it, --json everything.';

/** Returns what `show-model` prints. Every name from the model is printable text, so it cannot move the cursor. */
export function showModelText(description: ShownModel, options: ShowModelTextOptions = {}): string {
  const { columns = 100, oneSignature = false } = options;
  const { directory, metaGraphs, problems, variables, confidence, classifier } = description;
  const several = metaGraphs.length > 1;
  const lines = [
    printable(directory),
    ...indent(classifier ? wrap(kindOf(classifier), columns - 2, ', ') : []),
    ...indent(wrap(summary(description), columns - 2, ', ')),
    ...section(
      'Problems',
      problems.map(printable).flatMap((problem) => hang(wrap(problem, columns - 4, ' '))),
    ),
    ...metaGraphs.flatMap((metaGraph) => metaGraphLines(metaGraph, { columns, oneSignature, several })),
    ...(oneSignature ? [] : [...variableLines(variables, columns), ...assetLines(description)]),
    ...(oneSignature || !confidence ? [] : section('Confidence', confidenceLines(confidence))),
    ...(oneSignature || metaGraphs.every(({ signatures }) => Object.keys(signatures).length === 0)
      ? []
      : ['', ...wrap(hint, columns, ' ')]),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, '', ...indent(lines)];
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

function hang([first = '', ...rest]: readonly string[]): string[] {
  return [first, ...indent(rest)];
}

/** Lines of at most this many characters, if the words allow it. */
function wrap(words: string | readonly string[], columns: number, separator: string): string[] {
  const lines: string[] = [];
  for (const word of typeof words === 'string' ? words.split(separator) : words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + separator.length + word.length <= columns) {
      lines[lines.length - 1] = `${last}${separator}${word}`;
    } else {
      if (last !== undefined) lines[lines.length - 1] = `${last}${separator}`.trimEnd();
      lines.push(word);
    }
  }
  return lines;
}

function more(rows: number): string[] {
  return rows > maxRows ? [`and ${rows - maxRows} more; --json lists them`] : [];
}

/** A classifier of Signet: its class, what it gives an image, and how images become its input. */
function kindOf({ modelType, multiLabel, inputHeight, inputWidth, resize, antialias }: ModelDescription): string[] {
  return [
    printable(modelType),
    multiLabel ? 'multi-label (an image may have several classes, or none)' : 'one class per image',
    `images of ${inputHeight} x ${inputWidth}${resize === 'squash' ? '' : ` (${resize})`}${antialias ? ' (antialias)' : ''}`,
  ];
}

function summary({ variables, metaGraphs, fingerprint }: SavedModelDescription): string[] {
  const versions = new Set(metaGraphs.map(({ tensorflowVersion }) => tensorflowVersion).filter((text) => text !== ''));
  const producers = new Set(metaGraphs.flatMap(({ producer }) => producer ?? []));
  return [
    ...Array.from(versions, (version) => `TensorFlow ${printable(version)}`),
    ...Array.from(producers, (producer) => `graph producer ${producer}`),
    ...(variables ? sums(variables) : []),
    ...(fingerprint?.uuid ? [`fingerprint ${printable(fingerprint.uuid)}`] : []),
  ];
}

function sums({ parameters, trainableParameters, unusedParameters, bytes, list }: VariablesDescription): string[] {
  if (list.length === 0) return ['no variables'];
  const trainable = trainableParameters === parameters ? 'all' : trainableParameters?.toLocaleString('en');
  return [
    `${count(parameters, 'parameter')}${trainable === undefined ? '' : ` (${trainable} trainable)`}`,
    ...(unusedParameters > 0 ? [`${unusedParameters.toLocaleString('en')} of them read by no function`] : []),
    `${sizeText(bytes)} in ${count(list.length, 'variable')}`,
  ];
}

interface Layout {
  readonly columns: number;
  readonly oneSignature: boolean;
  /** Whether there are several graphs, so that each needs its tags named. */
  readonly several: boolean;
}

function metaGraphLines(metaGraph: MetaGraphDescription, layout: Layout): string[] {
  const { tags, signatures, functions, ops, fileOps, initOp } = metaGraph;
  const of = `of the graph ${tags.map(printable).join(', ') || 'without tags'}`;
  const title = (words: string) => (layout.several ? `${words} ${of}` : words);
  const shown = Object.entries(signatures).flatMap(([key, signature], i) => [
    ...(i === 0 ? [] : ['']),
    ...signatureLines(key, signature, layout),
  ]);
  const signatureTitle = layout.several ? title('Signatures') : `Signatures (tags: ${tags.map(printable).join(', ')})`;
  const warning = section(title('Files and code'), fileOpsLines(fileOps, layout.columns));
  if (layout.oneSignature) return [...section(signatureTitle, shown), ...warning];
  const byCount = Object.entries(ops).toSorted(([, a], [, b]) => b - a);
  const opTexts = byCount.map(([op, number]) => (number === 1 ? printable(op) : `${printable(op)} ${number}`));
  return [
    ...section(signatureTitle, shown.length === 0 ? ['none'] : shown),
    ...section(title('Functions'), functionLines(functions, layout.columns)),
    ...section(title('Ops'), wrap(opTexts, layout.columns - 3, ', ')),
    ...warning,
    ...(initOp === null || initOp === 'NoOp'
      ? []
      : ['', `  ${printable(initOp)} runs first, when the model is loaded.`]),
  ];
}

/** A SavedModel is a program: what it would do on this machine. */
function fileOpsLines(fileOps: readonly string[], columns: number): string[] {
  if (fileOps.length === 0) return [];
  const named = fileOps.map(printable).join(', ');
  return wrap(
    `${named}: this model reads or writes files, or runs code, beyond its own variables and assets. serve-model refuses it without --trust-models.`,
    columns - 2,
    ' ',
  );
}

function signatureLines(key: string, signature: SignatureDescription, { columns, oneSignature }: Layout): string[] {
  const { method, inputs, outputs, optionalInputs, examples } = signature;
  const row =
    (side: string) =>
    ([name, tensor]: readonly [string, TensorDescription]) => {
      const spec = tensorText(tensor.dtype, tensor.shape) + (tensor.encoding === 'dense' ? '' : ` ${tensor.encoding}`);
      const optional = side === 'in' && optionalInputs.includes(name) ? ' (optional)' : '';
      return [side, printable(name), spec + optional, tensor.tensors.map(printable).join(' ')];
    };
  const rows = [...Object.entries(inputs).map(row('in')), ...Object.entries(outputs).map(row('out'))];
  const calls = oneSignature
    ? [
        ...(examples.curl === null ? [] : ['', 'shell', '', ...indent(shellLines(examples.curl, columns - 6))]),
        ...(examples.typescript === null ? [] : ['', 'TypeScript', '', ...indent(examples.typescript.split('\n'))]),
        ...(examples.python === null ? [] : ['', 'Python', '', ...indent(examples.python.split('\n'))]),
      ]
    : examples.curl === null
      ? []
      : ['', ...shellLines(examples.curl, columns - 4)];
  const notes = examples.notes.flatMap((note) => wrap(printable(note), columns - 4, ' '));
  return [
    [printable(key), method === '' ? '' : `(${printable(method)})`].join('  ').trimEnd(),
    ...indent([...fitTable(rows, columns - 4), ...(notes.length === 0 ? [] : ['', ...notes]), ...calls]),
  ];
}

/** A table whose last column moves to the next line if it is too wide. */
function fitTable(rows: readonly (readonly string[])[], columns: number): string[] {
  const lines = table(rows, Infinity, []);
  if (lines.every((line) => line.length <= columns)) return lines;
  const above = table(
    rows.map((row) => row.slice(0, -1)),
    Infinity,
    [],
  );
  return rows.flatMap((row, i) => [above[i] ?? '', `       ${row.at(-1) ?? ''}`].filter((line) => line.trim() !== ''));
}

/** A shell's line, broken where a shell allows it: before the last program and before the URL. */
function shellLines(line: string, columns: number): string[] {
  if (line.length <= columns) return [line];
  const pipe = line.lastIndexOf(' | curl ');
  if (pipe !== -1) return [line.slice(0, pipe + 2), `  ${line.slice(pipe + 3)}`];
  const url = line.lastIndexOf(' ');
  return [`${line.slice(0, url)} \\`, `  ${line.slice(url + 1)}`];
}

function functionLines(functions: readonly FunctionDescription[], columns: number): string[] {
  const lines = functions
    .slice(0, maxRows)
    .flatMap(({ name, parameters, options }) => [
      `${printable(name)}(${printable(parameters ?? '...')})`,
      ...indent(options.length === 0 ? ['never traced: it cannot be called'] : []),
      ...indent(
        options.flatMap((option, i) => optionLines(option, options.length > 1 ? `${i + 1}  ` : '', columns - 6)),
      ),
    ]);
  return [...lines, ...more(functions.length)];
}

function optionLines({ args, kwargs, output }: FunctionOption, number: string, columns: number): string[] {
  const argument = ({ name, value }: FunctionOption['args'][number]) =>
    `${printable(name)}${value.kind === 'tensor' ? ': ' : '='}${printable(pythonText(value))}`;
  const all = [...args, ...kwargs].map(argument);
  const given = `→ ${printable(pythonText(output))}`;
  const taken = wrap(all.length === 0 ? ['nothing'] : all, columns - number.length, ', ');
  const [first = ''] = taken;
  const isShort = taken.length === 1 && number.length + first.length + 1 + given.length <= columns;
  // A dictionary of results breaks between two of them.
  const results = wrap(given.split(/, (?=\w+: )/), columns - number.length, ', ');
  const lines = isShort ? [`${first} ${given}`] : [...taken, ...results];
  return lines.map((line, i) => `${i === 0 ? number : ' '.repeat(number.length)}${line}`);
}

/** `variables/2` before `variables/10`: the order they were created in. */
const byNumber = new Intl.Collator('en', { numeric: true });

function variableLines(variables: VariablesDescription | null, columns: number): string[] {
  const unused = ({ isUsed }: VariableDescription) => Number(isUsed === false);
  const list = (variables?.list ?? []).toSorted((a, b) => unused(a) - unused(b) || byNumber.compare(a.key, b.key));
  const names = new Set(list.map(({ name }) => name));
  const isUnique = names.size === list.length;
  const rows = list
    .slice(0, maxRows)
    .map(({ name, key, dtype, shape, isTrainable, isUsed }) => [
      printable(name),
      tensorText(dtype, shape),
      sizeFromShape(shape).toLocaleString('en'),
      [isTrainable === false ? 'not trainable' : '', isUsed === false ? 'unused' : ''].filter(Boolean).join(', '),
      isUnique ? '' : printable(key.replace(/\/\.ATTRIBUTES\/VARIABLE_VALUE$/, '')),
    ]);
  const full = table(rows, Infinity, [2]);
  const isTooWide = full.some((line) => line.length > columns - 2);
  // The shape tells the count too.
  const narrow = rows.map((row) => row.filter((_, i) => i !== 2));
  return section('Variables', [...(isTooWide ? fitTable(narrow, columns - 2) : full), ...more(list.length)]);
}

function assetLines({ assets, extraAssets, metaGraphs }: SavedModelDescription): string[] {
  const tensors = new Map(metaGraphs.flatMap((graph) => graph.assets.map(({ file, tensor }) => [file, tensor])));
  const rows = [
    ...assets.map(({ file, bytes }) => [`assets/${file}`, sizeText(bytes), tensors.get(file) ?? '']),
    ...extraAssets.map(({ file, bytes }) => [`assets.extra/${file}`, sizeText(bytes), '']),
  ];
  const shown = rows.slice(0, maxRows).map((row) => row.map(printable));
  return section('Assets', [...table(shown, Infinity, [1]), ...more(rows.length)]);
}
