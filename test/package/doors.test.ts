import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { blocksOf } from '../helpers/blocks-of.js';

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

const documents = ['README.md', ...readdirSync('docs').map((file) => `docs/${file}`)].filter((file) =>
  file.endsWith('.md'),
);
const blocks = new Map(
  documents.flatMap((file) =>
    blocksOf(file).map((code, i) => [path.resolve(`${file}.block-${i + 1}.ts`), code] as const),
  ),
);

/** The names that blocks of `docs/` use without making them. */
const prelude = `
import type { ImageClassifierModel, ImageDataset } from 'signet-ml';
declare global {
  const model: ImageClassifierModel;
  const train: ImageDataset;
  const validation: ImageDataset;
  const test: ImageDataset;
}
`;

/** What short blocks of `docs/` leave to the reader. */
const usualImport = "import { loadModel, tensorSpec, tf, tfFunction } from 'signet-ml';";

/** The blocks as the compiler sees them: files next to their documents. */
const files = new Map([...blocks, [path.resolve('docs/prelude.ts'), prelude]]);

const program = compile();
const checker = program.getTypeChecker();

/** The doors and the blocks in one program: reading Signet's sources and TF.js's types takes longer than what is asked about them. */
function compile(): ts.Program {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as { config: unknown };
  const options = {
    ...ts.parseJsonConfigFileContent(config, ts.sys, '.').options,
    noEmit: true,
    paths: Object.fromEntries(Array.from(doors, ([door, source]) => [door, [path.resolve(source)]])),
    allowImportingTsExtensions: true,
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => files.has(file) || disk.fileExists(file),
    readFile: (file) => files.get(file) ?? disk.readFile(file),
    getSourceFile: (file, language, ...args) => {
      const code = files.get(file);
      if (code === undefined) return disk.getSourceFile(file, language, ...args);
      return ts.createSourceFile(file, code.includes('import ') ? code : `${usualImport} ${code}`, language, true);
    },
  };
  return ts.createProgram([...doors.values(), ...files.keys()], options, host);
}

/** Mistakes of the blocks by type, as a user's editor would show them. */
function mistakes(): string[] {
  const own = program.getSourceFiles().filter(({ fileName }) => files.has(fileName));
  return own.flatMap((file) =>
    [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText, start = 0 }) => {
        const { line } = file.getLineAndCharacterOfPosition(start);
        return `${path.relative('.', file.fileName)}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      },
    ),
  );
}

function exportsOf(source: string): ts.Symbol[] {
  const file = program.getSourceFile(source);
  const door = file && checker.getSymbolAtLocation(file);
  if (!door) throw new Error(`${source} is not a module.`);
  const resolved = checker.getExportsOfModule(door);
  return resolved.map((each) => (each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each));
}

describe("the documents' TypeScript", () => {
  it('compiles', { timeout: 300_000 }, () => {
    expect(blocks.size).toBeGreaterThan(0);
    expect(mistakes()).toEqual([]);
  });
});

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
