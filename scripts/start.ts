import { existsSync } from 'node:fs';
import path from 'node:path';

import { runCommand } from './run-command.js';

const testDatasetPath = path.join('data', 'digits', 'test');

await runCommand({
  name: 'npm start --',
  describe: 'Trains LeNet on the bundled digits and evaluates both signatures of the model that it wrote.',
  options: {
    serve: {
      type: 'boolean',
      default: true,
      describe: 'Serve the model afterwards (not there yet: --no-serve is the same)',
    },
  },
  handler: async () => {
    const { trainModel } = await import('../src/commands/train-model.js');
    const { trainModelText } = await import('../src/commands/train-model-text.js');
    const { evalModel } = await import('../src/commands/eval-model.js');
    const result = await trainModel({
      trainDatasetPath: path.join('data', 'digits', 'train'),
      testDatasetPath,
      modelFolderPath: 'models',
      modelType: 'LenetModel',
      batchSize: 32,
      numEpochs: 200,
      patience: 5,
      learningRate: 0.001,
      validationSplit: 0.2,
      seed: 42,
      overwrite: false,
      onBadImage: 'fail',
      cache: 512,
    });
    process.stdout.write(trainModelText(result, testDatasetPath));
    if (result.interrupted || !existsSync(result.directory)) return;
    const { evalModelText } = await import('../src/commands/eval-model-text.js');
    const options = { testDatasetPath, modelPath: result.directory, batchSize: 32, onBadImage: 'fail' } as const;
    process.stdout.write(evalModelText(await evalModel(options)));
  },
});
