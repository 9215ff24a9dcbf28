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
    withScripts: packages.filter(({ hasInstallScript, name }) => hasInstallScript && name !== '').map(({ name }) => name).toSorted(),
    old: packages.filter(({ name, version }) => isOld(name, version)).map(({ name }) => name),
  };
} // prettier-ignore

/** What the project of `signet-ml init` answers when its own signature is asked on a server. */
const askingProgram = `
import { readFile } from 'node:fs/promises';
import { SignetClient } from 'signet-ml/client';
import { startServer } from 'signet-ml/serving';

const server = await startServer({ modelFolder: 'models', restPort: 0, grpcPort: 0 });
const client = new SignetClient({ modelName: 'MyClassifier', protocol: 'REST', restPort: Number(new URL(server.url).port) });
const files = await Promise.all(['0/0464', '7/0044'].map((each) => readFile('data/test/' + each + '.png')));
const { outputs } = await client.predict({ image_bytes_string: files }, { signatureName: 'serving_answer' });
console.log(outputs.label.values.join(' '), [...outputs.lead.values].every((lead) => lead > 0 && lead <= 1));
client.close();
await server.drain();
`;

describe('the package', () => {
  it(
    'is packed, installed into the project that signet-ml init makes, set up, and trains, saves and serves there',
    { timeout: 600_000 },
    async () => {
      const folder = await temporaryFolder();
      const project = path.join(folder, 'my-app');
      await run('npm', ['run', '--silent', 'package', '--', '--silent', '--pack-destination', folder], process.cwd());
      const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
      const shipped = (await run('tar', ['-tzf', tarball], folder)).trimEnd().split('\n');
      expect(shipped.filter((file) => /\.(map|ini|toml|gz|node|so)$|(^|\/)deps$/.test(file))).toEqual([]);
      // Packing has built dist/, which is what the package holds.
      const signet = path.resolve('dist/src/commands/signet-ml/main.js');
      await run('node', [signet, 'init', 'my-app', '--package', tarball], folder);
      // With scripts, as a user does who knows nothing of them; the project's own sets TensorFlow up.
      await run('npm', ['install', '--no-audit', '--no-fund'], project);
      expect(await packagesOf(project)).toEqual({
        // Both only look at files of their own.
        withScripts: ['core-js', 'protobufjs'],
        // What tfjs-node's install script would unpack its download with.
        old: [],
      });
      expect(await run('npm', ['test'], project)).toContain('the saved model answers as the class does');
      const trained = await run('npm', ['run', 'train', '--', '--num-epochs', '4', '--seed', '1'], project);
      expect(trained).toContain('models/MyClassifier/1');
      await writeFile(path.join(project, 'ask.js'), askingProgram);
      expect(await run('node', ['ask.js'], project)).toBe('0 7 true\n');

      await writeFile(path.join(project, 'first.js'), program);
      expect(await run('node', ['first.js'], project)).toBe('loss true\n[]\n200\n');
      expect(await readdir(path.join(project, 'models', 'LenetModel', '1'))).toContain('saved_model.pb');

      await writeFile(path.join(project, 'typed.ts'), typedProgram);
      const flags = '--noEmit --strict --target es2022 --module nodenext --skipLibCheck --ignoreConfig'.split(' ');
      await run('node', ['node_modules/typescript/bin/tsc', ...flags, 'typed.ts'], project);

      expect(await run('npx', ['train-model', '--help'], project)).toContain('--train-dataset-path');
      // The links that npx would follow, without npm's start each time.
      const bin = (command: string, ...args: string[]) =>
        run(path.join(project, 'node_modules', '.bin', command), args, project);
      expect(await bin('eval-model', '--help')).toContain('--model-path');
      expect(await bin('signet-ml', 'eval-served-model', '--help')).toContain('--concurrency');
      expect(await bin('predict-image', '--help')).toContain('--top-k');
      expect(await bin('preview-augmentation', '--help')).toContain('--augment');
    },
  );
});
