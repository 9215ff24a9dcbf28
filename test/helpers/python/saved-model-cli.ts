import { expect } from 'vitest';

import {
  describeSavedModel,
  type MetaGraphDescription,
} from '../../../src/saved-model/describe/describe-saved-model.js';
import type { FunctionOption } from '../../../src/saved-model/describe/describe-functions.js';
import type { TensorDescription } from '../../../src/saved-model/describe/describe-signatures.js';
import { pythonText, type ShapeDescription, type Structure } from '../../../src/saved-model/write/structure.js';
import { runPythonTool } from './python.js';

/**
 * Checks that `describeSavedModel` and Python's `saved_model_cli show --all` say the same about a SavedModel: tag sets, every signature (methods;
 * names, dtypes, shapes and tensors of inputs and outputs), every op and every callable function with the arguments of each of its graphs.
 */
export async function expectSameAsSavedModelCli(directory: string): Promise<void> {
  const shown = parse(await runPythonTool('saved_model_cli', ['show', '--dir', directory, '--all']));
  const { metaGraphs } = await describeSavedModel(directory);
  expect(metaGraphs.map(({ tags }) => tags.join(', '))).toEqual(shown.graphs.map(({ tags }) => tags));
  metaGraphs.forEach((metaGraph, i) => {
    expect(signatureLines(metaGraph)).toEqual(shown.graphs[i]?.signatures);
    // Python follows only calls of functions, not the bodies of loops and branches.
    expect(Object.keys(metaGraph.ops)).toEqual(expect.arrayContaining([...(shown.graphs[i]?.ops ?? [])]));
  });
  // Python lists the functions of the loaded object itself, not those of the objects in it.
  const own = metaGraphs.flatMap(({ functions }) => functions.filter(({ name }) => !name.includes('.')));
  expect(new Map(own.map(({ name, options }) => [name, options.map(optionText).toSorted()]))).toEqual(shown.functions);
}

interface ShownGraph {
  readonly tags: string;
  readonly signatures: readonly string[];
  readonly ops: readonly string[];
}

function parse(output: string): { graphs: ShownGraph[]; functions: Map<string, string[]> } {
  const [graphs = '', functions = ''] = output.split('\nConcrete Functions:');
  expect(graphs).toContain('MetaGraphDef with tag-set');
  return {
    graphs: graphs.split("MetaGraphDef with tag-set: '").slice(1).map(parseGraph),
    functions: new Map(functions.split("\n  Function Name: '").slice(1).map(parseFunction)),
  };
}

function parseGraph(text: string): ShownGraph {
  const [tags = ''] = text.split("'");
  const [signatures = '', ops = ''] = text.split('\nThe MetaGraph with tag set');
  return {
    tags,
    signatures: lines(signatures.slice(signatures.indexOf('\n'))),
    ops: [...ops.slice(ops.indexOf('{')).matchAll(/'([^']+)'/g)].map(([, op = '']) => op),
  };
}

function parseFunction(text: string): [string, string[]] {
  const [name = ''] = text.split("'\n", 1);
  const options = text.split(/\n {4}Option #\d+\n {6}Callable with:\n/).slice(1);
  return [name, options.map((option) => lines(option).join('\n')).toSorted()];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

/** The signatures of a graph in the words of `saved_model_cli`. */
function signatureLines({ signatures, initOp }: MetaGraphDescription): string[] {
  const all = Object.entries(signatures).map(([key, signature]) => ({ key, ...signature }));
  const init: TensorDescription = { dtype: 'invalid', shape: null, encoding: 'dense', tensors: [initOp ?? ''] };
  const initSignature = { key: initKey, method: '', inputs: {}, outputs: { [initKey]: init } };
  return [...(initOp === null ? [] : [initSignature]), ...all].flatMap(({ key, method, inputs, outputs }) => [
    `signature_def['${key}']:`,
    '  The given SavedModel SignatureDef contains the following input(s):',
    ...Object.entries(inputs).flatMap(([name, tensor]) => tensorLines('inputs', name, tensor)),
    '  The given SavedModel SignatureDef contains the following output(s):',
    ...Object.entries(outputs).flatMap(([name, tensor]) => tensorLines('outputs', name, tensor)),
    `  Method name is: ${method}`,
  ]);
}

const initKey = '__saved_model_init_op';
const protoNames: Readonly<Record<string, string>> = { float32: 'FLOAT', float64: 'DOUBLE', float16: 'HALF' };

function tensorLines(side: string, name: string, { dtype, shape, tensors }: TensorDescription): string[] {
  return [
    `    ${side}['${name}'] tensor_info:`,
    `        dtype: DT_${protoNames[dtype] ?? dtype.toUpperCase()}`,
    `        shape: ${shape === null ? 'unknown_rank' : `(${shape.map((each) => each ?? -1).join(', ')})`}`,
    `        name: ${tensors[0]}`,
  ];
}

/** A graph's arguments in the words of `saved_model_cli`; see `_print_args` in its saved_model_cli.py. */
function optionText({ args, kwargs }: FunctionOption): string {
  return [
    ...args.flatMap(({ value }, i) => [`        Argument #${i + 1}`, ...argumentLines(value)]),
    // It shows only the names of named arguments.
    ...kwargs.flatMap(({ name }, i) => [`        Named Argument #${i + 1}`, `          ${name}`]),
  ].join('\n');
}

function argumentLines(value: Structure): string[] {
  const typed = (type: string, ...more: string[]) => [`          DType: ${type}`, ...more];
  switch (value.kind) {
    case 'tensor':
      return [`          ${value.name}: ${pythonRepr(value)}`];
    case 'string':
      return [`          ${value.value}`];
    case 'list':
    case 'tuple':
      return typed(value.kind, `          Value: [${value.items.map((item) => `${pythonRepr(item)}, `).join('')}\b\b]`);
    case 'dict': {
      const fields = Object.entries(value.fields).map(([key, field]) => `'${key}': ${pythonRepr(field)}, `);
      return typed('dict', `          Value: {${fields.join('')}\b\b}`);
    }
    default:
      return typed(value.kind === 'none' ? 'NoneType' : value.kind, `          Value: ${pythonText(value)}`);
  }
}

function pythonRepr(value: Structure): string {
  if (value.kind === 'string') return `'${value.value}'`;
  if (value.kind !== 'tensor') return pythonText(value);
  return `TensorSpec(shape=${shapeRepr(value.shape)}, dtype=tf.${value.dtype}, name='${value.name}')`;
}

function shapeRepr(shape: ShapeDescription): string {
  if (shape === null) return '<unknown>';
  return `(${shape.map((size) => size ?? 'None').join(', ')}${shape.length === 1 ? ',' : ''})`;
}
