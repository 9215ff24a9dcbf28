import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { cannotWrite } from '../../files/cannot-write.js';
import { count } from '../../text/amounts.js';
import { completeOptions, type GivenOptionsOf } from '../shared/flag-table.js';
import { packageVersion } from '../shared/package-version.js';
import { initCommand } from './flags.js';
import { copyStarterDigits, ownRoot } from './starter-digits.js';

/** Options of `signet-ml init`; `flags.ts` says what each means. */
export interface InitOptions extends GivenOptionsOf<typeof initCommand.flags> {}

/** Result of making a project. */
export interface InitResult {
  /** The project's folder, as it was given. */
  readonly directory: string;
  /** Name of its package. */
  readonly name: string;
  /** Number of files, not counting the pictures. */
  readonly files: number;
  readonly pictures: number;
}

/**
 * Makes a project to start from, of the files of `examples/starter`.
 *
 * @throws SignetError `INVALID_ARGUMENT` for a folder that is not empty, a name that npm does not take, or a package file that is none;
 *   `CANNOT_WRITE`.
 */
export async function initProject(given: InitOptions): Promise<InitResult> {
  const { directory, package: packageFile } = completeOptions(initCommand.flags, given);
  const name = path.basename(path.resolve(directory));
  checkName(name);
  await checkEmpty(directory);
  const archive = packageFile === undefined ? null : await readPackage(packageFile);
  const signet = packageFile === undefined ? `^${packageVersion()}` : `file:${path.basename(packageFile)}`;
  try {
    const files = await writeStarter(directory, { name, signet });
    if (packageFile !== undefined && archive)
      await writeFile(path.join(directory, path.basename(packageFile)), archive);
    return {
      directory,
      name,
      files: files + (archive ? 1 : 0),
      pictures: await copyStarterDigits(path.join(directory, 'data')),
    };
  } catch (error) {
    throw cannotWrite(directory, error);
  }
}

/** Placeholders in double braces in the files of `examples/starter`. */
interface Words {
  readonly name: string;
  /** What `package.json` asks npm for. */
  readonly signet: string;
}

/** @returns How many files there are. */
async function writeStarter(directory: string, words: Words): Promise<number> {
  const starter = path.join(ownRoot, 'examples', 'starter');
  const entries = await readdir(starter, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  for (const file of files) {
    const from = path.join(file.parentPath, file.name);
    const to = path.join(directory, path.relative(starter, from)).replace(/\.template$/, '');
    await mkdir(path.dirname(to), { recursive: true });
    await writeFile(to, filledIn(await readFile(from, 'utf8'), words));
  }
  return files.length;
}

/** In the repository the starter imports Signet's sources, so that they are checked together. */
function filledIn(text: string, { name, signet }: Words): string {
  return text
    .replaceAll("'../../../src/index.js'", "'signet-ml'")
    .replaceAll(/'\.\.\/\.\.\/\.\.\/src\/([a-z-]+)\.js'/g, "'signet-ml/$1'")
    .replaceAll('{{name}}', name)
    .replaceAll('{{signet}}', signet);
}

/** Names that npm accepts for a package, and that cause no trouble as a folder, as an image or in a shell. */
const goodName = /^[a-z0-9][a-z0-9._-]{0,99}$/;

function checkName(name: string): void {
  if (goodName.test(name) && name !== 'node_modules' && name !== 'signet-ml') return;
  const better = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 100);
  const advice = goodName.test(better) && better !== name ? ` Try: ${better}` : ' Try: my-classifier';
  throw new SignetError(
    'INVALID_ARGUMENT',
    `The project's name is npm's name of its package too: lower-case letters, digits and - _ . after a letter or digit, at most 100, ` +
      `not node_modules or signet-ml. Received: ${name === '' ? 'the root folder' : name}.${advice}`,
  );
}

/** What a new project may have already. */
const harmless = ['.git', '.DS_Store'];

/** @throws SignetError `INVALID_ARGUMENT`. */
async function checkEmpty(directory: string): Promise<void> {
  const found = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw cannotWrite(directory, error);
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${directory} is a file, or lies within one. Give a new or empty folder.`,
    );
  });
  const inTheWay = found.filter((each) => !harmless.includes(each)).toSorted();
  if (inTheWay.length === 0) return;
  const shown = inTheWay.slice(0, 3).join(', ') + (inTheWay.length > 3 ? ', ...' : '');
  throw new SignetError(
    'INVALID_ARGUMENT',
    `A project is made in a new or empty folder, so that none of your files is overwritten. ${directory} has ${count(inTheWay.length, 'entry', 'entries')}: ` +
      `${shown}. Give another name.`,
  );
}

/** Reads a package file. @throws SignetError `INVALID_ARGUMENT`. */
async function readPackage(file: string): Promise<Uint8Array> {
  const content = await readFile(file).catch((error: unknown) => {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `--package names ${file}, which cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  });
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  if (isGzip && file.endsWith('.tgz')) return content;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--package is a package file of signet-ml, signet-ml-VERSION.tgz, as npm run package makes it. Received: ${file}.`,
  );
}
