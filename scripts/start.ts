import { existsSync } from 'node:fs';
import path from 'node:path';

import { serveModelCommand } from '../src/commands/serve-model/flags.js';
import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand } from '../src/commands/shared/run-command.js';

const trainDatasetPath = path.join('data', 'digits', 'train');
const testDatasetPath = path.join('data', 'digits', 'test');
const modelType = 'LenetModel';
const { restPort, grpcPort } = serveModelCommand.flags;

const command = defineCommand({
  name: 'npm start --',
  describe:
    'Trains LeNet on the bundled digits, evaluates both signatures of the model that it wrote, and serves it with its web page.',
  flags: {
    serve: { type: 'boolean', default: true, help: 'Serve the model at the end; --no-serve stops before' },
    restPort,
    grpcPort,
  },
});

await runCommand(command, async ({ serve, ...ports }) => {
  const { trainModel } = await import('../src/commands/train-model/run.js');
  const { trainModelText } = await import('../src/commands/train-model/print.js');
  const result = await trainModel({ trainDatasetPath, testDatasetPath, modelType });
  process.stdout.write(trainModelText(result));
  if (result.interrupted || !existsSync(result.directory)) return;
  const { evalModel } = await import('../src/commands/eval-model/run.js');
  const { evalModelText } = await import('../src/commands/eval-model/print.js');
  process.stdout.write(evalModelText(await evalModel({ testDatasetPath, modelPath: result.directory })));
  if (!serve) return;
  process.stdout.write('\n');
  const { serveUntilSignal } = await import('../src/commands/serve-model/serve-until-signal.js');
  await serveUntilSignal({ modelFolder: 'models', modelName: modelType, ...ports });
});
