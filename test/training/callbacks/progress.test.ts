import { expect, it } from 'vitest';

import { Progress } from '../../../src/training/callbacks/progress.js';
import { Lines } from '../../helpers/training/tiny-training.js';

it('writes lines within an epoch away from a terminal, with stage, images per second and time left', async () => {
  const lines = new Lines();
  const stream = lines as unknown as NodeJS.WriteStream;
  const progress = new Progress({ epochs: 3, images: 8, stage: 'fine-tuning', stream, secondsBetweenLines: 0 });
  progress.onTrainBegin();
  for (const epoch of [1, 2]) {
    progress.onEpochBegin(epoch);
    for (const batch of [0, 1]) {
      progress.onBatchBegin();
      await progress.onBatchEnd(batch, { size: 4, loss: 0.5, accuracy: 0.75 });
    }
    progress.onTestBatchEnd(0, { size: 2 });
    progress.onEpochEnd(epoch, { loss: 0.4, val_accuracy: 1 });
  }
  const text = lines.text.replaceAll(/\d+ images\/s/g, 'N images/s').replaceAll(/\d+ s left/g, 'N s left');
  expect(text).toMatchInlineSnapshot(`
    "fine-tuning, epoch 2/3  4 of 8 images  loss 0.5000  accuracy 0.750  (N images/s, N s left at most)
    fine-tuning, epoch 2/3  2 images of the validation
    fine-tuning, epoch 2/3  loss 0.4000  val_accuracy 1.0000  (N images/s, N s left at most)
    fine-tuning, epoch 3/3  4 of 8 images  loss 0.5000  accuracy 0.750  (N images/s, N s left at most)
    fine-tuning, epoch 3/3  2 images of the validation
    fine-tuning, epoch 3/3  loss 0.4000  val_accuracy 1.0000  (N images/s, N s left at most)
    "
  `);
});

it('does not count what comes before the first batch, such as the features, for the speed', async () => {
  const lines = new Lines();
  const stream = lines as unknown as NodeJS.WriteStream;
  const progress = new Progress({ epochs: 1, images: 1000, stream, secondsBetweenLines: 0 });
  progress.onTrainBegin();
  progress.onEpochBegin(0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  progress.onBatchBegin();
  await progress.onBatchEnd(0, { size: 500, loss: 0.5 });
  // 500 images in far less than the 300 ms before them.
  const speed = Number(/\((\d+) images\/s/.exec(lines.text)?.[1]);
  expect(speed).toBeGreaterThan(500 / 0.3);
});
