import { defineCommand } from '../shared/flag-table.js';

/** Everything about `signet-ml init`'s flags. */
export const initCommand = defineCommand({
  name: 'signet-ml init',
  describe:
    'Makes a project to start from: a classifier class with a signature of its own, a test, pictures of digits to try it on, scripts to train, evaluate and serve it, and a Dockerfile. Downloads nothing.',
  flags: {
    directory: {
      type: 'path',
      required: true,
      help: "Folder of the project, new or empty; its last part becomes the package's name",
    },
    package: {
      type: 'path',
      defaultText: 'the published version of this package',
      help: 'Package file of signet-ml (.tgz) that is copied into the project and installed there',
    },
  },
  operand: { name: 'NAME', option: 'directory' },
  examples: [
    ['my-classifier', 'makes the folder my-classifier'],
    ['my-classifier --package signet-ml-0.2.0.tgz', 'installs that file, which npm run package makes in a clone'],
  ],
});
