import { existsSync } from 'node:fs';
import path from 'node:path';

import { runCommand } from './run-command.js';
import { serveDefaults, serveUntilSignal } from './serve-until-signal.js';

const testDatasetPath = path.join('data', 'digits', 'test');
const modelFolderPath = 'models';
const modelName = 'LenetModel';

await runCommand({
  name: 'npm start --',
  describe:
    'Trains LeNet on the bundled digits, evaluates both signatures of the model that it wrote, and serves it with its web page.',
  options: {
    serve: { type: 'boolean', default: true, describe: 'Serve the model at the end; --no-serve stops before' },
    'rest-port': {
      type: 'number',
      default: serveDefaults.restPort,
      describe: 'Port for REST and the page; 0 takes any',
    },
    'grpc-port': { type: 'number', default: serveDefaults.grpcPort, describe: 'Port for gRPC; 0 takes any' },
  },
  handler: async ({ serve, restPort, grpcPort }) => {
    const { trainModel } = await import('../src/commands/train-model/run.js');
    const { trainModelText } = await import('../src/commands/train-model/print.js');
    const { evalModel } = await import('../src/commands/eval-model/run.js');
    const result = await trainModel({
      trainDatasetPath: path.join('data', 'digits', 'train'),
      testDatasetPath,
      modelFolderPath,
      modelType: modelName,
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
    process.stdout.write(trainModelText(result));
    if (result.interrupted || !existsSync(result.directory)) return;
    const { evalModelText } = await import('../src/commands/eval-model/print.js');
    const options = { testDatasetPath, modelPath: result.directory, batchSize: 32, onBadImage: 'fail' } as const;
    process.stdout.write(evalModelText(await evalModel(options)));
    if (!serve) return;
    process.stdout.write('\n');
    await serveUntilSignal({ ...serveDefaults, modelFolder: modelFolderPath, modelName, restPort, grpcPort });
  },
});
