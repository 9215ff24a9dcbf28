import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runChild } from '../../src/files/run-child.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** What a user's first program may be: a few steps on random pictures, then a SavedModel. */
const program = `
import { Adam, fit, LenetModel, tf } from 'signet-ml';
import { describeSavedModel } from 'signet-ml/saved-model';
import { startServer } from 'signet-ml/serving';

const model = new LenetModel({ classNames: ['cat', 'dog'], seed: 1 });
model.compile({ optimizer: new Adam() });
const batch = { xs: tf.randomUniform([8, 28, 28, 3], 0, 255), ys: tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32') };
const { history } = await fit(model, tf.data.array([batch]).repeat(3), { epochs: 1 });
await model.save('models/LenetModel/1');
console.log('loss', Number.isFinite(history.loss[0]));
console.log((await describeSavedModel('models/LenetModel/1')).problems);
const server = await startServer({ modelFolder: 'models', restPort: 0, grpcPort: 0 });
console.log((await fetch(server.url + 'readyz')).status);
await server.drain();
`;

/** Types are part of the package: a strict project compiles against them. */
const typedProgram = `
import { type ImageClassifierOptions, ImageClassifierModel, tf } from 'signet-ml';
import { type ImageLabel, SignetClient } from 'signet-ml/client';
import { LoadedSavedModel } from 'signet-ml/saved-model';
import { type StartedServer, startServer } from 'signet-ml/serving';
export const load = (directory: string): Promise<LoadedSavedModel> => LoadedSavedModel.load(directory);
export const serve = (digits: string): Promise<StartedServer> => startServer({ models: { digits } });
export const ask = (file: Uint8Array): Promise<ImageLabel[][]> => new SignetClient({ modelName: 'm' }).classifyImages([file]);
export class Tiny extends ImageClassifierModel {
  constructor(options: ImageClassifierOptions) {
    super(options, [8, 8], (_, classes) => [tf.layers.flatten(), tf.layers.dense({ units: classes })]);
  }
}
`;

/** Without npm's own variables: under `npm test` they would send a nested npm back to this repository. */
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(?!config_nodedir)/i.test(name)));

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const result = await runChild(command, args, { cwd, env });
  if (!result.ok) throw new Error(`${command} ${args.join(' ')} ended with ${result.ending}:\n${result.output}`);
  return result.stdout;
}

/** Which installed packages npm ran a script of, and which old ones are among them. */
async function packagesOf(project: string): Promise<{ withScripts: string[]; old: string[] }> {
  const lock = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { hasInstallScript?: boolean; version?: string }>;
  };
  const packages = Object.entries(lock.packages).map(([place, each]) => ({ ...each, name: place.split('node_modules/').at(-1) ?? '' }));
  const isOld = (name: string, version = '') =>
    ['adm-zip', '@mapbox/node-pre-gyp'].includes(name) || (name === 'tar' && Number.parseInt(version) < 7);
  return {
    withScripts: packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name).toSorted(),
    old: packages.filter(({ name, version }) => isOld(name, version)).map(({ name }) => name),
  };
} // prettier-ignore

describe('the package', () => {
  it(
    'is packed, installed into an empty project, set up, and trains and saves there',
    { timeout: 600_000 },
    async () => {
      const project = await temporaryFolder();
      await run('npm', ['run', '--silent', 'package', '--', '--silent', '--pack-destination', project], process.cwd());
      const tarball = (await readdir(project)).find((name) => name.endsWith('.tgz'));
      await writeFile(path.join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
      // With scripts, as a user does who knows nothing of them.
      await run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`], project);
      expect(await packagesOf(project)).toEqual({
        // Both only look at files of their own.
        withScripts: ['core-js', 'protobufjs'],
        // What tfjs-node's install script would unpack its download with.
        old: [],
      });
      const shipped = await readdir(path.join(project, 'node_modules', 'signet-ml'), { recursive: true });
      expect(shipped.filter((file) => /\.(map|ini|toml|gz|node|so)$|(^|\/)deps$/.test(file))).toEqual([]);
      await run('npx', ['signet-set-up', '--quiet'], project);

      await writeFile(path.join(project, 'first.js'), program);
      expect(await run('node', ['first.js'], project)).toBe('loss true\n[]\n200\n');
      expect(await readdir(path.join(project, 'models', 'LenetModel', '1'))).toContain('saved_model.pb');

      await writeFile(path.join(project, 'typed.ts'), typedProgram);
      const tsc = path.resolve('node_modules', 'typescript', 'bin', 'tsc');
      const flags = '--noEmit --strict --target es2022 --module nodenext --skipLibCheck'.split(' ');
      await run('node', [tsc, ...flags, 'typed.ts'], project);

      expect(await run('npx', ['train-model', '--help'], project)).toContain('--train-dataset-path');
      // The links that npx would follow, without npm's start each time.
      const helpOf = (command: string) => run(path.join(project, 'node_modules', '.bin', command), ['--help'], project);
      expect(await helpOf('eval-model')).toContain('--model-path');
      expect(await helpOf('eval-served-model')).toContain('--concurrency');
      expect(await helpOf('predict-image')).toContain('--top-k');
      expect(await helpOf('preview-augmentation')).toContain('--augment');
    },
  );
});
