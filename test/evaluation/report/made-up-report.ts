import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';

import type { ImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import type { ClassificationResult } from '../../../src/evaluation/classification-metrics.js';
import type { EvaluatedEmbeddings } from '../../../src/evaluation/embedding-map/embedding-sample.js';
import type { Mistake } from '../../../src/evaluation/hardest-mistakes.js';
import type { ReportContent } from '../../../src/evaluation/report/report-content.js';
import { parseHistory } from '../../../src/evaluation/report/training-history.js';
import { madeUpEvaluation } from './made-up-evaluation.js';

/** Names of image files that a file system takes. */
export function fileNames(names: readonly string[]): string[] {
  return names.map((name, i) => `${i} ${name.replaceAll(/[/\0\ud800]/g, '').slice(0, 60)}.png`);
}

interface OneClass {
  readonly result: ClassificationResult;
  readonly mistakes: readonly Mistake<ImageFile>[];
}

/** Embeddings of some images, the second of which is mistaken. */
export function madeUpEmbeddings(images: readonly ImageFile[], classes: number): EvaluatedEmbeddings {
  const answered = images.map((image, i) => ({
    ...{ image, labels: [i % classes] },
    predicted: [(i === 1 ? i + 1 : i) % classes],
  }));
  return { images: answered, vectors: Float32Array.from({ length: images.length * 3 }, (_, i) => (i * i) % 7), evaluated: 5000 }; // prettier-ignore
}

/** A report of a made-up training, whose mistakes are pictures of these names in a folder. */
export async function madeUpReport(
  folder: string,
  { classNames, images }: { readonly classNames: readonly string[]; readonly images: readonly string[] },
): Promise<ReportContent & OneClass> {
  const result = madeUpEvaluation(classNames);
  const files = await Promise.all(images.map((name, i) => writePicture(folder, name, i)));
  const mistakes = files.map((image, i) => ({
    image,
    truth: i % classNames.length,
    probability: 0.01 * i,
    loss: 5 - i / 10,
    predicted: { label: (i + 1) % classNames.length, probability: 0.9 - 0.01 * i },
  }));
  const rows = Array.from({ length: 12 }, (_, i) => [
    i,
    1 - 1 / (i + 2),
    0.1 / (i + 1),
    1 / (i + 1),
    0.9 - 1 / (i + 2),
    1.1 / (i + 1),
  ]);
  const history = ['epoch,accuracy,learning_rate,loss,val_accuracy,val_loss', ...rows.map((row) => row.join(','))];
  return {
    ...{
      title: classNames[0] ?? '',
      date: new Date('2026-03-01T14:05:00Z'),
      command: `train-model '${classNames[1]}'`,
    },
    facts: [{ title: 'Data', rows: [['test set', classNames[2] ?? '']] }],
    training: { history: parseHistory(history.join('\n')), bestEpoch: 9 },
    result,
    loss: result.loss,
    mistakes,
    skippedList: images.map((name) => `${JSON.stringify(name)}\tcorrupt\tdoes not decode\n`).join(''),
  };
}

async function writePicture(folder: string, name: string, i: number): Promise<ImageFile> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  const [width, height] = i % 2 === 0 ? [28, 28] : [400, 300];
  const background = { r: (37 * i) % 256, g: (91 * i) % 256, b: 128 };
  await writeFile(
    file,
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return { path: file, label: 0, format: 'png', width, height, sizeBytes: 1 };
}
