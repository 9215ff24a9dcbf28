import { SignetError } from '../errors.js';
import { nvidiaWheels } from './nvidia-wheels.js';
import type { Wheel } from './wheel.js';

/** The TensorFlow that Signet traces for, exports for and computes with. */
export const tensorflowVersion = '2.21.0';

/** The system that is set up, under Node's names. */
export interface Host {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
}

/** How to make one library folder: which wheels, and what its `lib/` then holds. */
export interface LibraryRecipe {
  /** Name of the library in the cache: `linux-x64-cpu`. */
  readonly id: string;
  /** TensorFlow's own wheel first. */
  readonly wheels: readonly [Wheel, ...Wheel[]];
  /** Libraries inside the wheel's `tensorflow/`, the C API first. */
  readonly libraries: readonly string[];
  /** Names under which tfjs-node's `binding.gyp` looks for them: alias to library. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Space that is needed in the cache while it is made: wheels and extracted files together, in bytes. */
  readonly bytesNeeded: number;
}

const linuxLibraries = {
  libraries: ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'],
  aliases: {
    'libtensorflow.so': 'libtensorflow_cc.so.2',
    'libtensorflow.so.2': 'libtensorflow_cc.so.2',
    'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
  },
} as const;

const macLibraries = {
  libraries: ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib'],
  aliases: { 'libtensorflow.2.dylib': 'libtensorflow_cc.2.dylib' },
} as const;

/** SHA-256 as the index states them, the same that `pip install --dry-run --report` prints. */
const recipes: readonly LibraryRecipe[] = [
  {
    id: 'linux-x64-cpu',
    wheels: [
      tensorflowWheel(
        'tensorflow-cpu',
        'manylinux_2_27_x86_64',
        'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
        274_000_871,
      ),
    ],
    ...linuxLibraries,
    bytesNeeded: 1_200_000_000,
  },
  {
    id: 'linux-x64-gpu',
    wheels: [
      tensorflowWheel(
        'tensorflow',
        'manylinux_2_27_x86_64',
        'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
        572_611_111,
      ),
      ...nvidiaWheels,
    ],
    ...linuxLibraries,
    // TensorFlow's part is measured (1.8 GB); the rest is an estimate from the sizes of NVIDIA's wheels.
    bytesNeeded: 10_000_000_000,
  },
  {
    id: 'linux-arm64-cpu',
    wheels: [
      tensorflowWheel(
        'tensorflow',
        'manylinux_2_27_aarch64',
        'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
        281_946_471,
      ),
    ],
    ...linuxLibraries,
    bytesNeeded: 1_200_000_000,
  },
  {
    id: 'darwin-arm64-cpu',
    wheels: [
      tensorflowWheel(
        'tensorflow',
        'macosx_12_0_arm64',
        '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
        223_488_205,
      ),
    ],
    ...macLibraries,
    bytesNeeded: 1_000_000_000,
  },
];

/**
 * Which wheels hold TensorFlow's library for a host.
 *
 * @throws SignetError `SET_UP_FAILED` when no wheel exists for it; the message names those that do.
 */
export function libraryRecipe(host: Host, gpu: boolean): LibraryRecipe {
  const id = `${host.platform}-${host.arch}-${gpu ? 'gpu' : 'cpu'}`;
  const recipe = recipes.find((candidate) => candidate.id === id);
  if (recipe !== undefined) return recipe;
  throw new SignetError(
    'SET_UP_FAILED',
    `TensorFlow ${tensorflowVersion} is published for ${recipes.map(({ id }) => id).join(', ')}. Received: ${id}. ` +
      `On another system, build or install TensorFlow's C library yourself and run set-up with --library DIR, ` +
      'where DIR holds lib/ and include/.',
  );
}

function tensorflowWheel(name: string, platform: string, sha256: string, bytes: number): Wheel {
  const file = `${name.replace('-', '_')}-${tensorflowVersion}-cp312-cp312-${platform}.whl`;
  return { package: name, version: tensorflowVersion, platform, file, sha256, bytes };
}
