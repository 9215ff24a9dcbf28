import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { rasterize } from '../../../src/evaluation/report/rasterize.js';
import { curvesPicture, trainingCurves } from '../../../src/evaluation/report/training-curves.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import { CSVLogger } from '../../../src/training/callbacks/csv-logger.js';

/** What an epoch logs. */
type Logs = Readonly<Record<string, number>>;

async function historyOf(...epochs: readonly Logs[]) {
  const logger = new CSVLogger();
  for (const [epoch, logs] of epochs.entries()) await logger.onEpochEnd(epoch, { ...logs });
  return parseHistory(logger.text);
}

const epoch = (i: number, more: Logs = {}): Logs => ({
  loss: 1 / (i + 1),
  accuracy: i / 10,
  val_loss: 1.2 / (i + 1),
  val_accuracy: i / 11,
  ...more,
});
const tenEpochs = Array.from({ length: 10 }, (_, i) => epoch(i));

describe('parseHistory', () => {
  it('reads what CSVLogger wrote', async () => {
    const { epochs, columns } = await historyOf(epoch(0), epoch(1, { loss: NaN }));
    expect(epochs).toEqual([1, 2]);
    expect(columns.get('val_loss')).toEqual([1.2, 0.6]);
    expect(columns.get('loss')).toEqual([1, null]);
  });

  it('reads that nothing was logged', async () => {
    expect((await historyOf()).epochs).toEqual([]);
    expect(parseHistory('').epochs).toEqual([]);
  });
});

describe('trainingCurves', () => {
  it('are loss and accuracy, and the learning rate where it changes', async () => {
    const titles = async (rates: readonly number[]) =>
      trainingCurves(await historyOf(...rates.map((rate, i) => epoch(i, { learning_rate: rate }))), 1).map(
        ({ title }) => title,
      );
    expect(await titles([0.1, 0.1])).toEqual(['Loss', 'Accuracy']);
    expect(await titles([0.1, 0.01])).toEqual(['Loss', 'Accuracy', 'Learning rate']);
    expect(trainingCurves(parseHistory(''), null)).toEqual([]);
  });

  it('say in words what is to be seen', async () => {
    const text = String(curvesPicture(trainingCurves(await historyOf(...tenEpochs), 9)));
    expect(text).toContain('Loss over 10 epochs: training from 1.00 to 0.100, validation from 1.20 to 0.120.');
    expect(text.match(/best: epoch 9/g)).toHaveLength(2);
  });

  it('mark no epoch that was not', async () => {
    const text = String(curvesPicture(trainingCurves(await historyOf(...tenEpochs), 11)));
    expect(text).not.toContain('best:');
  });

  it('leave a gap where the loss is no number', async () => {
    const history = await historyOf(...tenEpochs.map((logs, i) => (i === 4 ? { ...logs, loss: Infinity } : logs)));
    const [, path = ''] =
      /<path d="([^"]+)"[^>]+class="line-first"\/>\n<path/.exec(String(curvesPicture(trainingCurves(history, null)))) ??
      [];
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/[ML]/g)).toHaveLength(9);
  });

  it('use a logarithmic axis where values differ a hundred times', async () => {
    const picture = async (lossOf: (i: number) => number) =>
      String(
        curvesPicture(trainingCurves(await historyOf(...tenEpochs.map((_, i) => epoch(i, { loss: lossOf(i) }))), 1)),
      );
    expect(await picture((i) => 10 ** -i)).toContain('>Loss, logarithmic<');
    expect(await picture((i) => 10 - i)).toContain('>Loss<');
    expect(await picture((i) => 5 - i)).toContain('>Loss<');
  });

  it('stay small however many epochs there are', async () => {
    const many = await historyOf(...Array.from({ length: 20_000 }, (_, i) => epoch(i)));
    expect(String(curvesPicture(trainingCurves(many, 3))).length).toBeLessThan(60_000);
  });

  it.each([
    [1, 2 * 290],
    [2, 4 * 290],
    [50, 4 * 290],
  ])('become a PNG after %d epochs, %d pixels high', async (length, expected) => {
    const history = await historyOf(...Array.from({ length }, (_, i) => epoch(i, { learning_rate: 1 / (i + 1) })));
    const png = await rasterize(curvesPicture(trainingCurves(history, 1)));
    const { width, height, format } = await sharp(png).metadata();
    expect([format, width, height]).toEqual(['png', 2 * 2 * 440, expected]);
  });
});
