import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

import { runChild } from '../src/files/run-child.js';
import { temporaryFolder } from './helpers/temporary-folder.js';

/** The blocks of TypeScript of a document. */
function blocksOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
}

const documents = ['README.md', ...readdirSync('docs').map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
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

/** What a program imports, and the file of `src` behind it. */
const doors = { 'signet-ml': 'index', 'signet-ml/client': 'client', 'signet-ml/saved-model': 'saved-model', 'signet-ml/serving': 'serving' }; // prettier-ignore
const sourceOf = (door: string) => path.resolve('src', `${door}.ts`);

/** Mistakes of the blocks by type, as a user's editor would show them. */
function check(): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (file) => ts.sys.readFile(file)) as { config: unknown };
  const paths = Object.fromEntries(Object.entries(doors).map(([door, file]) => [door, [sourceOf(file)]]));
  const options = {
    ...ts.parseJsonConfigFileContent(config, ts.sys, '.').options,
    paths,
    allowImportingTsExtensions: true,
  };
  const files = new Map([...blocks, [path.resolve('docs/prelude.ts'), prelude]]);
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
  const program = ts.createProgram([...files.keys()], options, host);
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

describe("the documents' TypeScript", () => {
  it('compiles', { timeout: 300_000 }, () => {
    expect(check()).toEqual([]);
  });

  it.each([
    [
      'trains, evaluates, saves and serves',
      'README.md',
      /^loss [\d.]+ in the first epoch, [\d.]+ in the last\naccuracy 0\.\d+ on 360 test images\nserving at http:\/\/127\.0\.0\.1:\d+\/\n$/,
    ],
    ['saves and loads your own model', 'docs/own-networks.md', /^$/],
    ['runs, compiles, saves and restores a Servable', 'docs/servables.md', /^\[ 'hundred' \]\n\[ 'one' \]\n$/],
  ])('%s (%s)', { timeout: 600_000 }, async (_, document, says) => {
    const folder = await temporaryFolder();
    await symlink(path.resolve('data'), path.join(folder, 'data'));
    const code = blocksOf(document)[0] ?? '';
    await mkdir(path.join(folder, 'models'));
    await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(path.join(folder, 'block.ts'), quickly(code));
    const { ok, stdout, output } = await runChild(process.execPath, [path.resolve('node_modules/tsx/dist/cli.mjs'), 'block.ts'], { cwd: folder, env: { ...process.env, SIGNET_LOADER: undefined } }); // prettier-ignore
    expect(ok, output).toBe(true);
    expect(stdout).toMatch(says);
  });
});

/** The code with Signet's sources, one epoch, ports that are free, and an end. */
function quickly(code: string): string {
  const imports = code.replaceAll(
    /from '(signet-ml[^']*)'/g,
    (_, door: keyof typeof doors) => `from '${sourceOf(doors[door])}'`,
  );
  const quick = imports
    .replace('epochs: 10', 'epochs: 1')
    .replace("modelFolder: 'models'", '$&, restPort: 0, grpcPort: 0');
  return quick.includes('startServer(') ? `${quick}\nawait server.drain();\n` : quick;
}
