import { defineCommand } from '../shared/flag-table.js';

/** Everything about `signet-set-up`'s flags. */
export const setUpCommand = defineCommand({
  name: 'signet-set-up',
  describe:
    'Sets up TensorFlow for Signet: downloads its library (274 MB, once per user), compiles the addon that connects Node.js to it, and tests both. Does only what is still missing; see docs/set-up.md.',
  flags: {
    force: { type: 'boolean', default: false, help: 'Check the library and compile the addon again' },
    gpu: {
      type: 'boolean',
      defaultText: 'as it is now',
      help: 'Compute on an NVIDIA GPU (Linux x64; downloads about 3 GB); --no-gpu goes back',
      conflicts: { library: '--gpu and --no-gpu download a library, --library uses one you have: give one of them.' },
    },
    library: {
      type: 'path',
      help: 'Use the TensorFlow library in this folder (lib/ and include/) instead of downloading one',
    },
    verbose: {
      type: 'boolean',
      default: false,
      help: 'Show what pip and the compiler print',
      conflicts: { quiet: 'Give --quiet or --verbose, not both.' },
    },
    quiet: { type: 'boolean', default: false, help: 'Show only errors' },
  },
  examples: [
    ['', 'sets up what is missing'],
    ['--gpu', 'the same with CUDA'],
    ['--library /opt/tensorflow', 'with a library you already have'],
  ],
});
