import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { cachedAddonPath } from '../../src/set-up/build-addon.js';
import { wheelPath } from '../../src/set-up/download-wheel.js';
import { setUp, type SetUpOptions } from '../../src/set-up/set-up.js';
import { addonPath } from '../../src/set-up/tfjs-package.js';
import { fakeOptions, makeFakeSite, removeFakeSite, wheelOf, writeFakeWheel, type FakeSite } from './fake-site.js';

let site: FakeSite;

beforeEach(async () => {
  site = await makeFakeSite();
});
afterEach(() => {
  removeFakeSite(site);
});

/** Runs a set-up and returns the steps that it began. */
async function stepsOf(options: SetUpOptions): Promise<string[]> {
  const steps: string[] = [];
  await setUp({
    ...options,
    onProgress: ({ doing, seconds }) => {
      if (seconds === undefined) steps.push(doing);
    },
  });
  return steps;
}

const fetches = () => (existsSync(site.fetchLog) ? readFileSync(site.fetchLog, 'utf8').trim().split('\n').length : 0);
const inPackage = (path: string) => join(site.tfjs.folder, path);

describe('setUp', () => {
  it('downloads, unpacks, links and tries, and the second time does nothing', async () => {
    expect(await stepsOf(fakeOptions(site))).toEqual([
      'Downloading fake 1.0 (0 MB)',
      `Unpacking TensorFlow 2.21.0 into ${site.cacheFolder}`,
      'Trying TensorFlow 2.21.0',
    ]);
    expect(existsSync(inPackage('deps/include/tensorflow/c/c_api.h'))).toBe(true);
    for (const name of [...site.recipe.libraries, ...Object.keys(site.recipe.aliases)]) {
      expect(existsSync(inPackage(`deps/lib/${name}`))).toBe(true);
    }
    expect(readFileSync(inPackage(addonPath), 'utf8')).toBe('an addon');
    expect(readdirSync(join(site.cacheFolder, 'wheels'))).toEqual([]);
    expect(readdirSync(join(site.cacheFolder, 'unfinished'))).toEqual([]);
    expect(await stepsOf(fakeOptions(site))).toEqual([]);
  });

  it('needs no download for a second clone', async () => {
    await setUp(fakeOptions(site));
    rmSync(inPackage('deps'));
    rmSync(inPackage('lib'), { recursive: true });
    expect(await stepsOf(fakeOptions(site))).toEqual(['Trying TensorFlow 2.21.0']);
    expect(fetches()).toBe(1);
  });

  it.each(['tfjs_binding.node', 'standard_error.node', 'sha256.json'])(
    'takes no addon from the cache that is another than was built: %s',
    async (name) => {
      const addon = cachedAddonPath(site, site.tfjs, site.recipe.id);
      writeFileSync(join(dirname(addon), name), 'an addox');
      const doing: string[] = [];
      // The package in miniature has nothing to compile.
      const building = setUp({ ...fakeOptions(site), onProgress: (progress) => doing.push(progress.doing) });
      await expect(building).rejects.toThrow();
      expect(doing).toContain('Compiling the addon that joins Node.js to TensorFlow');
      expect(existsSync(inPackage(addonPath))).toBe(false);
    },
  );

  it('uses a wheel that was put into the cache by hand', async () => {
    mkdirSync(join(site.cacheFolder, 'wheels'), { recursive: true });
    writeFileSync(wheelPath(site, site.recipe.wheels[0]), readFileSync(site.wheelPath));
    await setUp(fakeOptions(site));
    expect(fetches()).toBe(0);
  });

  it('refuses a wheel that is not the published one, downloaded or put there by hand', async () => {
    const [wheel] = site.recipe.wheels;
    const sha256 = '0'.repeat(64);
    const options = { ...fakeOptions(site), recipe: { ...site.recipe, wheels: [{ ...wheel, sha256 }] } as const };
    await expect(setUp(options)).rejects.toThrow(
      `${wheel.file} is not the published file. Expected SHA-256: ${sha256}. Received: ${wheel.sha256}. `,
    );
    mkdirSync(join(site.cacheFolder, 'wheels'), { recursive: true });
    writeFileSync(wheelPath(site, wheel), 'half a wh');
    await expect(setUp(fakeOptions(site))).rejects.toThrow(`Delete ${wheelPath(site, wheel)}. Run set-up again.`);
  });

  it('replaces what the own installer of tfjs-node left', async () => {
    mkdirSync(inPackage('deps/lib'), { recursive: true });
    writeFileSync(inPackage('deps/lib/libtensorflow.so'), 'TensorFlow 2.9');
    mkdirSync(dirname(inPackage(addonPath)), { recursive: true });
    writeFileSync(inPackage(addonPath), 'its addon');
    await setUp(fakeOptions(site));
    expect(lstatSync(inPackage('deps')).isSymbolicLink()).toBe(true);
    expect(readFileSync(inPackage(addonPath), 'utf8')).toBe('an addon');
    expect(readdirSync(site.tfjs.folder).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  it('makes the library anew when a file of it was cut short', async () => {
    const { libraryFolder } = await setUp(fakeOptions(site));
    writeFileSync(join(libraryFolder, 'lib', site.recipe.libraries[1] ?? ''), 'short');
    rmSync(inPackage('deps'));
    await setUp(fakeOptions(site));
    expect(fetches()).toBe(2);
  });

  it("lays CUDA's libraries where TensorFlow's looks for them, and keeps to the GPU until told otherwise", async () => {
    const path = join(site.folder, 'nvidia.whl');
    writeFakeWheel(path, [{ name: 'nvidia/cublas/lib/libcublas.so.12', text: 'cublas' }]);
    const [tensorflow] = site.recipe.wheels;
    const wheels = [tensorflow, await wheelOf(path, 'nvidia.whl')] as const;
    const options: SetUpOptions = {
      ...fakeOptions(site),
      recipe: { ...site.recipe, wheels },
      fetchWheel: (wheel, folder) => {
        const source = wheel.file === 'nvidia.whl' ? path : site.wheelPath;
        writeFileSync(join(folder, wheel.file), readFileSync(source));
        return Promise.resolve();
      },
    };
    const report = await setUp({ ...options, gpu: true });
    expect(report.choice).toEqual({ kind: 'gpu' });
    expect(readFileSync(inPackage('deps/lib/../nvidia/cublas/lib/libcublas.so.12'), 'utf8')).toBe('cublas');
    expect(await setUp(options)).toMatchObject({ choice: { kind: 'gpu' }, wasSetUp: true });
    expect(await setUp({ ...options, gpu: false })).toMatchObject({ choice: { kind: 'cpu' }, wasSetUp: false });
  });

  it('says that TensorFlow is of another version', async () => {
    const other = await makeFakeSite(1000, '2.9.1');
    await expect(setUp(fakeOptions(other))).rejects.toThrow(
      'Signet needs TensorFlow 2.21.0. Received: TensorFlow 2.9.1.',
    );
    removeFakeSite(other);
  });

  it('stops when it is told to, and goes on the next time', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort('SIGINT'), 200);
    await expect(setUp({ ...fakeOptions(site, join(site.folder, 'never')), signal: stop.signal })).rejects.toBe(
      'SIGINT',
    );
    expect(await stepsOf(fakeOptions(site))).toHaveLength(3);
  });

  it('has nothing to do in this repository, once "npm run set-up" has run', async () => {
    expect(await stepsOf({})).toEqual([]);
    expect(await setUp()).toMatchObject({ tensorflow: '2.21.0', wasSetUp: true });
  });
});
