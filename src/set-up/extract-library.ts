import { SignetError } from '../errors.js';
import { diskFull } from './file-errors.js';
import { lastLines } from '../files/run-child.js';
import { runTool } from '../files/run-tool.js';
import type { Site } from './site.js';

/** A file that was extracted: enough to notice later that it was cut short or changed. */
export interface ExtractedFile {
  /** Relative to the folder it was extracted into, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Unpacks from a wheel what a library folder needs: TensorFlow's libraries into `lib/`, the headers that tfjs-node's
 * addon is compiled with into `include/`, and CUDA's libraries and tools into `nvidia/`.
 *
 * @returns the files outside `include/`.
 * @throws SignetError `SET_UP_FAILED` when the wheel is not a zip file or cannot be unpacked.
 */
export async function extractWheel(
  wheelPath: string,
  libraries: readonly string[],
  into: string,
  site: Pick<Site, 'env' | 'signal' | 'onOutput'>,
): Promise<ExtractedFile[]> {
  const { env, signal, onOutput } = site;
  const input = JSON.stringify({ wheel: wheelPath, into, rules: extractionRules(libraries), skip: '/include/' });
  const { ok, stdout, output, ending } = await runTool('python3', ['-I', '-c', extractor], { env, signal, input });
  if (ok) return JSON.parse(stdout) as ExtractedFile[];
  onOutput?.(output);
  if (/Errno (28|69|122)\b/.test(output)) throw diskFull(into);
  throw new SignetError(
    'SET_UP_FAILED',
    `${wheelPath} could not be unpacked: ${lastLines(output, 1) || ending}. ` +
      'Delete it and run set-up again; --verbose shows all that Python said.',
  );
}

/** Prefixes of names in a wheel, and what replaces them in a library folder. */
function extractionRules(libraries: readonly string[]): [string, string][] {
  // Of 13,000 headers the addon includes the C API and what that includes: some 500 files in these folders.
  const headers = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/', 'xla/tsl/'];
  return [
    ...libraries.map((library): [string, string] => [`tensorflow/${library}`, `lib/${library}`]),
    ...headers.map((folder): [string, string] => [`tensorflow/include/${folder}`, `include/${folder}`]),
    ['nvidia/', 'nvidia/'],
  ];
}

/**
 * Python reads zip files, and a set-up needs Python anyway. zipfile checks every member's CRC. The program watches its parent and ends when the
 * set-up is killed, since no signal would tell it. `-I`: it needs none of the user's own packages and variables.
 */
const extractor = `
import hashlib, json, os, sys, threading, time, zipfile

parent = os.getppid()

def watch():
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)

threading.Thread(target=watch, daemon=True).start()
task = json.load(sys.stdin.buffer)
extracted = []

def place_of(name):
    if name.endswith('/') or '..' in name.split('/'):
        return None
    for old, new in task['rules']:
        if name.startswith(old):
            place = new + name[len(old):]
            return None if place.startswith('nvidia/') and task['skip'] in place else place
    return None

with zipfile.ZipFile(task['wheel']) as wheel:
    for member in wheel.infolist():
        place = place_of(member.filename)
        if place is None:
            continue
        path = os.path.join(task['into'], place)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        digest = hashlib.sha256()
        with wheel.open(member) as source, open(path, 'wb') as target:
            while chunk := source.read(1 << 20):
                digest.update(chunk)
                target.write(chunk)
        mode = member.external_attr >> 16 & 0o777
        if mode:
            os.chmod(path, mode | 0o600)
        if not place.startswith('include/'):
            extracted.append({'path': place, 'bytes': member.file_size, 'sha256': digest.hexdigest()})

json.dump(extracted, sys.stdout)
`;
