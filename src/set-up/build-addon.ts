import { existsSync, realpathSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

import { SignetError } from '../errors.js';
import { addonHashes, noteAddons } from './addon-hashes.js';
import { addonRevision } from './stamp.js';
import { diskFull, saysDiskFull } from './file-errors.js';
import { patchSource } from './patch-source.js';
import { quietLogSource } from './quiet-log-source.js';
import { exportSessionConfig, useSessionConfig } from './session-config-patch.js';
import { lastLines } from '../files/run-child.js';
import { runTool } from '../files/run-tool.js';
import { declareSharing, exportSharing, shareSessions } from './shared-session-patch.js';
import { mendSharedStrings } from './shared-strings-patch.js';
import { step, withUnfinishedFolder, type Site } from './site.js';
import { standardErrorSource, standardErrorTarget } from './standard-error-source.js';
import { addonPath, standardErrorAddonPath, type TfjsPackage } from './tfjs-package.js';
import { tensorflowVersion } from './wheel-table.js';

/** Where the addon that was built for a library is kept; it fits every clone of the repository and every Node.js. */
export function cachedAddonPath(site: Pick<Site, 'cacheFolder'>, tfjs: TfjsPackage, libraryId: string): string {
  const folder = `tfjs-${tfjs.version}-tensorflow-${tensorflowVersion}-${libraryId}-${addonRevision}`;
  return join(site.cacheFolder, 'addons', folder, 'tfjs_binding.node');
}

/**
 * Compiles two addons into the cache: tfjs-node's against a library folder, patched, with a few lines of our own that quiet TensorFlow's log and set
 * the threads of a session; and next to it the small one that redirects standard error while the library is loaded.
 *
 * It is built in a folder of its own, never inside `node_modules`: a killed build leaves nothing there, and its compiler,
 * which may live on, disturbs nobody.
 *
 * @throws SignetError `SET_UP_FAILED` with the compiler's last lines; `OFFLINE` when Node's headers are not on this machine and cannot be downloaded.
 */
export async function buildAddon(
  tfjs: TfjsPackage,
  libraryFolder: string,
  compiler: string,
  addon: string,
  site: Site,
): Promise<void> {
  await step(site, 'Compiling the addon that joins Node.js to TensorFlow', () =>
    withUnfinishedFolder(site, async (folder) => {
      await cp(join(tfjs.folder, 'binding'), join(folder, 'binding'), { recursive: true });
      await change(join(folder, 'binding', 'tfjs_backend.h'), declareSharing);
      await change(join(folder, 'binding', 'tfjs_backend.cc'), (source) =>
        shareSessions(mendSharedStrings(useSessionConfig(source))),
      );
      await change(
        join(folder, 'binding', 'tfjs_binding.cc'),
        (source) => exportSharing(exportSessionConfig(source)) + quietLogSource,
      );
      await writeFile(join(folder, 'binding', 'standard_error.cc'), standardErrorSource);
      for (const name of ['binding.gyp', 'package.json']) await copyFile(join(tfjs.folder, name), join(folder, name));
      await change(join(folder, 'binding.gyp'), (source) =>
        patchSource(source, "'targets' : [{\n", standardErrorTarget, 'binding.gyp, targets'),
      );
      await symlink(libraryFolder, join(folder, 'deps'));
      await runNodeGyp(folder, compiler, site);
      await mkdir(dirname(addon), { recursive: true });
      const standardError = basename(standardErrorAddonPath);
      await rename(join(folder, 'build', 'Release', standardError), join(dirname(addon), standardError));
      await rename(join(folder, addonPath), addon);
      // Written last: without it, the addons are built again.
      await noteAddons(dirname(addon), addonHashes(dirname(addon)));
    }),
  );
}

async function change(file: string, edit: (source: string) => string): Promise<void> {
  await writeFile(file, edit(await readFile(file, 'utf8')));
}

async function runNodeGyp(folder: string, compiler: string, site: Site): Promise<void> {
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const args = [
    ...[nodeGyp, 'rebuild', '--jobs', 'max'],
    ...['--', '-Dmodule_name=tfjs_binding', '-Dmodule_path=lib/napi-v8', '-Dnapi_build_version=8'],
  ];
  const env = { ...site.env, ...compilerEnvironment(compiler, site.env), ...headersEnvironment(site.env) };
  const { signal, onOutput } = site;
  const { ok, output, ending } = await runTool(process.execPath, args, { cwd: folder, env, signal, onOutput });
  if (ok && existsSync(join(folder, addonPath))) return;
  if (saysDiskFull(output)) throw diskFull(folder);
  throw saysNoHeaders(output) ? noHeaders(output) : buildFailed(output, ending);
}

/**
 * Points node-gyp at the headers next to the running Node.js; otherwise it would download them. A folder that the user has set stays. Set by the
 * variable, since it takes precedence over node-gyp's `--nodedir` even when it is empty.
 */
function headersEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (env.npm_config_nodedir) return {};
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const found = existsSync(join(prefix, 'include', 'node', 'node_api.h'));
  return { npm_config_nodedir: found ? prefix : undefined };
}

function compilerEnvironment(compiler: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'darwin') return { CXX: compiler };
  // TensorFlow's library calls itself @rpath/libtensorflow_cc.2.dylib, a name that binding.gyp's install_name_tool does
  // not know; with a run path, the loader finds it under that name in deps/lib.
  return { CXX: compiler, LDFLAGS: `${env.LDFLAGS ?? ''} -Wl,-rpath,@loader_path/../../deps/lib` };
}

/** Whether node-gyp began to download headers and never got as far as compiling. */
function saysNoHeaders(output: string): boolean {
  return output.includes('gyp http GET') && !output.includes('gyp info spawn make');
}

function noHeaders(output: string): SignetError {
  return new SignetError(
    'OFFLINE',
    `The headers of Node.js ${process.versions.node} (node_api.h) are not next to ${process.execPath}, ` +
      `and node-gyp could not download them. It said:\n${errorLines(output)}\n` +
      'With a network, run set-up again. Without one, unpack the Node.js archive of this version, which holds ' +
      'include/node, and name its folder: npm_config_nodedir=DIR npm run set-up. ' +
      '(This is what node-gyp calls --nodedir; on Debian and Ubuntu the package libnode-dev brings the headers of their nodejs.)',
  );
}

function buildFailed(output: string, ending: string): SignetError {
  return new SignetError(
    'SET_UP_FAILED',
    `The addon did not compile (${ending}):\n${errorLines(output)}\n` +
      'Run set-up with --verbose to see all that the compiler said. A compiler for C++17 is needed: GCC 8, clang 7 or newer.',
  );
}

/** The compiler's errors or, if there are none, the last lines that node-gyp printed. */
function errorLines(output: string): string {
  const errors = output.split('\n').filter((line) => /(?:fatal )?error:|gyp ERR! stack (?!at )/i.test(line));
  return lastLines(errors.length > 0 ? errors.slice(0, 5).join('\n') : output).replaceAll(/^/gm, '  ');
}
