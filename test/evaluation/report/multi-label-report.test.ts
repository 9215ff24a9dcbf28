import { readFile, readdir } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { MultiLabelMetrics } from '../../../src/evaluation/multi-label/multi-label-metrics.js';
import { MultiLabelMistakes } from '../../../src/evaluation/multi-label/multi-label-mistakes.js';
import { writeReport } from '../../../src/evaluation/report/write-report.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { hostileNames } from './hostile-names.js';
import { madeUpReport } from './made-up-report.js';

describe('the report of a multi-label model', () => {
  it('shows mAP, average precision and thresholds, and what was missed or is not there, whatever classes are called', async () => {
    const folder = await temporaryFolder();
    const classNames = ['dog & cat', ...hostileNames.slice(0, 6)];
    const [thresholds, truth] = [classNames.map(() => 0.25), classNames.map((_, i) => Number(i < 5))];
    const logits = Float32Array.from(classNames, (_, i) => (i < 5 ? -2 : 3));
    const metrics = new MultiLabelMetrics(classNames, thresholds);
    metrics.add(logits, truth);
    const hardest = new MultiLabelMistakes<number>(thresholds);
    hardest.add(0, logits, truth);
    const { mistakes: files, ...rest } = await madeUpReport(folder, { classNames, images: ['one.png'] });
    const [{ image } = { image: null }] = files;
    if (!image) throw new Error('There is a picture.');
    const mistakes = hardest.mistakes.map((mistake) => ({ ...mistake, image }));
    const { page } = await writeReport(folder, { ...rest, result: metrics.result(), mistakes });
    const text = await readFile(page, 'utf8');
    expect(text).toContain('<dt>mAP</dt>');
    for (const heading of ['average precision', 'threshold']) expect(text).toMatch(new RegExp(`<th[^>]*>${heading}`));
    expect(text).toContain('missed: <bdi>dog &amp; cat</bdi> 11.9\u00a0%, ');
    expect(text).toMatch(/ and 2 more; not there: .* 95\.3\u00a0%/);
    expect(text).toContain('0.2500');
    expect(text).not.toMatch(/<img src=x|<script|Confusion matrix/);
    expect(await readdir(folder)).not.toContain('confusion-matrix.svg');
  });
});
