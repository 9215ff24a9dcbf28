import { Adder } from './adder/adder.js';
import { BytesToClassName } from './bytes-to-class-name/bytes-to-class-name.js';
import { DigitRecognizer } from './digit-recognizer/digit-recognizer.js';
import { EndToEndClassifier } from './end-to-end-classifier/end-to-end-classifier.js';
import { ImageEstimator } from './image-estimator/image-estimator.js';
import { Randomizer } from './randomizer/randomizer.js';

/** What each example exports to its folder, version by version. */
export const examples: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  adder: (folder) => new Adder().export(`${folder}/1`),
  randomizer: (folder) => new Randomizer().export(`${folder}/1`),
  'end-to-end-classifier': (folder) => new EndToEndClassifier().export(`${folder}/1`),
  'bytes-to-class-name': (folder) => new BytesToClassName().export(`${folder}/1`),
  'image-estimator': (folder) => new ImageEstimator().export(`${folder}/1`),
  'digit-recognizer': exportDigitRecognizer,
};

/** Two versions of one model: after two epochs, and after ten more. */
async function exportDigitRecognizer(folder: string): Promise<void> {
  const recognizer = new DigitRecognizer();
  await recognizer.train('data/digits/train', 2);
  await recognizer.export(`${folder}/1`);
  await recognizer.train('data/digits/train', 10);
  await recognizer.export(`${folder}/2`);
}
