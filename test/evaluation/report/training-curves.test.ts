import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { rasterize } from '../../../src/evaluation/report/rasterize.js';
import { curvesPicture, trainingCurves } from '../../../src/evaluation/report/training-curves.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import { CSVLogger } from '../../../src/training/callbacks/csv-logger.js';

/** What an epoch logs. */
type Logs = Readonly<Record<string, number>>;

function historyOf(...epochs: readonly Logs[]) {
  const logger = new CSVLogger();
  for (const [epoch, logs] of epochs.entries()) logger.onEpochEnd(epoch, { ...logs });
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
  it('reads what CSVLogger wrote', () => {
    const { epochs, columns } = historyOf(epoch(0), epoch(1, { loss: NaN }));
    expect(epochs).toEqual([1, 2]);
    expect(columns.get('val_loss')).toEqual([1.2, 0.6]);
    expect(columns.get('loss')).toEqual([1, null]);
  });

  it('reads that nothing was logged', () => {
    expect(historyOf().epochs).toEqual([]);
    expect(parseHistory('').epochs).toEqual([]);
  });
});

describe('trainingCurves', () => {
  it('are loss and accuracy, and the learning rate where it changes', () => {
    const titles = (rates: readonly number[]) =>
      trainingCurves(historyOf(...rates.map((rate, i) => epoch(i, { learning_rate: rate }))), 1).map(
        ({ title }) => title,
      );
    expect(titles([0.1, 0.1])).toEqual(['Loss', 'Accuracy']);
    expect(titles([0.1, 0.01])).toEqual(['Loss', 'Accuracy', 'Learning rate']);
    expect(trainingCurves(parseHistory(''), null)).toEqual([]);
  });

  it('say in words what is to be seen', () => {
    const text = String(curvesPicture(trainingCurves(historyOf(...tenEpochs), 9)));
    expect(text).toContain('Loss over 10 epochs: training from 1.00 to 0.100, validation from 1.20 to 0.120.');
    expect(text.match(/best: epoch 9/g)).toHaveLength(2);
  });

  it('mark no epoch that was not', () => {
    const text = String(curvesPicture(trainingCurves(historyOf(...tenEpochs), 11)));
    expect(text).not.toContain('best:');
  });

  it('leave a gap where the loss is not a number', () => {
    const history = historyOf(...tenEpochs.map((logs, i) => (i === 4 ? { ...logs, loss: Infinity } : logs)));
    const [, path = ''] =
      /<path d="([^"]+)"[^>]+class="line-first"\/>\n<path/.exec(String(curvesPicture(trainingCurves(history, null)))) ??
      [];
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.match(/[ML]/g)).toHaveLength(9);
  });

  it('use a logarithmic axis where values differ a hundred times', () => {
    const picture = (lossOf: (i: number) => number) =>
      String(curvesPicture(trainingCurves(historyOf(...tenEpochs.map((_, i) => epoch(i, { loss: lossOf(i) }))), 1)));
    expect(picture((i) => 10 ** -i)).toContain('>Loss, logarithmic<');
    expect(picture((i) => 10 - i)).toContain('>Loss<');
    expect(picture((i) => 5 - i)).toContain('>Loss<');
  });

  it('stay small however many epochs there are', () => {
    const many = historyOf(...Array.from({ length: 20_000 }, (_, i) => epoch(i)));
    expect(String(curvesPicture(trainingCurves(many, 3))).length).toBeLessThan(60_000);
  });

  it('are none for a single epoch, which makes no line', () => {
    expect(trainingCurves(historyOf(epoch(0, { loss: 1 })), 1)).toEqual([]);
  });

  it.each([
    [2, 4 * 290],
    [50, 4 * 290],
  ])('become a PNG after %d epochs, %d pixels high', async (length, expected) => {
    const history = historyOf(...Array.from({ length }, (_, i) => epoch(i, { learning_rate: 1 / (i + 1) })));
    const png = await rasterize(curvesPicture(trainingCurves(history, 1)));
    const { width, height, format } = await sharp(png).metadata();
    expect([format, width, height]).toEqual(['png', 2 * 2 * 440, expected]);
  });
});
