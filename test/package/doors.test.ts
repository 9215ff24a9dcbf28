import { existsSync, readFileSync } from 'node:fs';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Package {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

const { name, exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Package;

/** The source file of each door, by what a program imports. */
const doors = new Map(
  Object.entries(exports).flatMap(([key, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
    return [[key.replace('.', name), source] as const];
  }),
);

const program = ts.createProgram([...doors.values()], { ...compilerOptions(), noEmit: true });
const checker = program.getTypeChecker();

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as { config: unknown };
  return ts.parseJsonConfigFileContent(config, ts.sys, '.').options;
}

function exportsOf(source: string): ts.Symbol[] {
  const file = program.getSourceFile(source);
  const door = file && checker.getSymbolAtLocation(file);
  if (!door) throw new Error(`${source} is not a module.`);
  const resolved = checker.getExportsOfModule(door);
  return resolved.map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each));
}

describe('the doors of the package', { timeout: 300_000 }, () => {
  it('are files of src', () => {
    expect([...doors.keys()]).toEqual(['signet-ml', 'signet-ml/client', 'signet-ml/saved-model', 'signet-ml/serving']);
    for (const source of doors.values()) expect(existsSync(source), source).toBe(true);
  });

  it.each([...doors])('%s has a doc comment for every export', (_, source) => {
    const undocumented = exportsOf(source).filter(
      (each) => !(each.flags & ts.SymbolFlags.ValueModule) && each.getDocumentationComment(checker).length === 0,
    );
    expect(undocumented.map(({ name: exported }) => exported)).toEqual([]);
  });

  it('keep internals to themselves', () => {
    const exported = [...doors.values()].flatMap((source) => exportsOf(source).map((each) => each.name));
    const internals = [
      ...['withRandomStep', 'trainingFunctions', 'saveServable', 'writeSavedModel', 'SavedModelParts', 'TrackedObject'],
      ...['SignatureParts', 'gatherStrings', 'stringScalar', 'stringVector', 'publishedWeights', 'WantedWeights'],
      ...['HardestMistakes', 'parseHistory', 'FusedOp', 'Slots', 'Update', 'UpdateRule', 'Coefficient', 'Capture'],
      ...['readFileAt', 'classReport'],
    ];
    expect(exported.filter((each) => internals.includes(each))).toEqual([]);
    expect(exported).toEqual(expect.arrayContaining(['startServer', 'trainModel', 'modelTypes', 'classifyImages']));
  });
});
