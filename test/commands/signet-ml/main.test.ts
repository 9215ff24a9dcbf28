import { describe, expect, it } from 'vitest';

import { overviewText, unknownText } from '../../../src/commands/signet-ml/print.js';
import { runCommandLine } from '../../helpers/run-command-line.js';

describe('signet-ml', () => {
  it('runs the command that its first word names, and ends as that does', async () => {
    const [help, mistyped] = await Promise.all([
      runCommandLine('signet-ml', ['list-models', '--help']),
      runCommandLine('signet-ml', ['init']),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toMatch(/^list-models \[options\]/);
    expect(mistyped).toEqual({
      code: 2,
      stdout: '',
      stderr: 'signet-ml init: Give NAME.\nSee signet-ml init --help\n',
    });
  });

  it('refuses a word that is not a command', async () => {
    const result = await runCommandLine('signet-ml', ['train', '--seed', '1']);
    expect(result).toEqual({ code: 2, stdout: '', stderr: `${unknownText('train')}\n` });
    expect(result.stderr).toMatchInlineSnapshot(`
      "signet-ml: there is no command train. Did you mean train-model? signet-ml --help lists them all.
      "
    `);
  });

  it('lists its commands, a line each', () => {
    expect(overviewText('1.2.3')).toMatchInlineSnapshot(`
      "signet-ml 1.2.3: trains image classifiers, and serves them as TensorFlow SavedModels.

      signet-ml COMMAND [options]

      Commands:
        init                  Makes a project to start from
        set-up                Sets up TensorFlow for Signet
        check-dataset         Finds problems in a data set before a training
        pack-dataset          Packs images into shards
        train-model           Trains an image classifier on a folder with one folder of images per class
        preview-augmentation  Draws what a training sees
        eval-model            Evaluates both signatures of a SavedModel on disk on a folder with one folder of images per class
        compare-models        Compares two classifiers on disk over the same images
        build-model           Builds a TensorFlow SavedModel from existing weights, ready to serve, without training
        show-model            Shows what is in a SavedModel, whether Signet or Python wrote it, and how to call its signatures
        list-models           Lists the architectures, and the models in a folder
        serve-model           Serves models over TensorFlow Serving's REST and gRPC APIs, with a web page
        predict-image         Classifies image files with a model on a server or on disk
        eval-served-model     Evaluates a model on a server, Signet's or TensorFlow Serving
        export-model          Exports a SavedModel to other runtimes

      signet-ml COMMAND --help lists a command's options. Each is a program of its own too: npx train-model --help
      "
    `);
  });
});
