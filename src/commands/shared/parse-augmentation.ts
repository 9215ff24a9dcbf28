import { SignetError } from '../../errors.js';
import type { ImageSize } from '../../ops/decode-and-resize.js';
import { Augmentation, type Transformation } from '../../training/augmentation/augmentation.js';
import type { Factor } from '../../training/augmentation/factor.js';
import { CutMix } from '../../training/augmentation/cut-mix.js';
import { MixUp } from '../../training/augmentation/mix-up.js';
import { RandomBrightness } from '../../training/augmentation/random-brightness.js';
import { RandomColorJitter } from '../../training/augmentation/random-color-jitter.js';
import { RandomContrast } from '../../training/augmentation/random-contrast.js';
import { RandomCrop } from '../../training/augmentation/random-crop.js';
import { RandomErasing } from '../../training/augmentation/random-erasing.js';
import { RandomFlip } from '../../training/augmentation/random-flip.js';
import { RandomResizedCrop } from '../../training/augmentation/random-resized-crop.js';
import { RandomRotation } from '../../training/augmentation/random-rotation.js';
import { RandomTranslation } from '../../training/augmentation/random-translation.js';
import { RandomZoom } from '../../training/augmentation/random-zoom.js';
import { TrivialAugmentWide } from '../../training/augmentation/trivial-augment-wide.js';

/** Transformations that `--augment` knows, in the order they are applied, regardless of the order in the flag. */
const makers: Readonly<Record<string, (value: Value, imageSize: ImageSize) => Transformation>> = {
  flip: (value) => new RandomFlip({ mode: value.oneOf(flips, 'horizontal') }),
  crop: (value, [height, width]) => {
    const part = value.number(0.01, 1);
    return new RandomCrop({ height: Math.ceil(height * part), width: Math.ceil(width * part) });
  },
  'resized-crop': (value) => {
    const [lower, upper = 1] = value.numbers(2, 0.01, 1, [0.08, 1]);
    return new RandomResizedCrop({ scale: [lower ?? upper, upper] });
  },
  zoom: (value) => new RandomZoom({ heightFactor: value.factor() }),
  rotation: (value) => new RandomRotation({ factor: value.factor() }),
  translation: (value) => {
    const factor = value.factor();
    return new RandomTranslation({ heightFactor: factor, widthFactor: factor });
  },
  'trivial-augment-wide': (value) => {
    value.none();
    return new TrivialAugmentWide();
  },
  brightness: (value) => new RandomBrightness({ factor: value.factor() }),
  contrast: (value) => new RandomContrast({ factor: value.factor() }),
  'color-jitter': (value) => {
    const [brightnessFactor, contrastFactor, saturationFactor, hueFactor] = value.numbers(
      4,
      0,
      1,
      [0.4, 0.4, 0.4, 0.1],
    );
    return new RandomColorJitter({ brightnessFactor, contrastFactor, saturationFactor, hueFactor });
  },
  cutout: (value) => {
    const area = value.number(0, 1) ** 2;
    // Gray, which is 0 to most models.
    return new RandomErasing({ scale: [area, area], fillValue: 127.5 });
  },
  mixup: (value) => new MixUp({ alpha: value.number(0, 8, 0.2) }),
  cutmix: (value) => new CutMix({ alpha: value.number(0, 8, 1) }),
};

const flips = { horizontal: 'horizontal', vertical: 'vertical', both: 'horizontal_and_vertical' } as const;

export interface ParseAugmentationOptions {
  /** Height and width of the images, in pixels. */
  readonly imageSize: ImageSize;
  readonly seed: number;
}

/**
 * Makes an augmentation of what was typed: names with a value each, separated by commas, `flip,rotation=0.05,zoom=-0.3:0`. A factor is a
 * number f for from -f to f, or two numbers with a colon.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists all that is wrong with it.
 */
export function parseAugmentation(text: string, { imageSize, seed }: ParseAugmentationOptions): Augmentation {
  const made = new Map<string, Transformation>();
  const problems: string[] = [];
  for (const item of text.split(',').map((each) => each.trim())) {
    try {
      const [name = '', value] = item.split(/=(.*)/s);
      if (made.has(name)) throw new SignetError('INVALID_ARGUMENT', 'it was given more than once; give it once.');
      made.set(name, make(name, value, imageSize));
    } catch (error) {
      if (!(error instanceof SignetError)) throw error;
      problems.push(`--augment ${item}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw new SignetError('INVALID_ARGUMENT', problems.join('\n'));
  return new Augmentation(
    Object.keys(makers).flatMap((name) => made.get(name) ?? []),
    { seed },
  );
}

function make(name: string, value: string | undefined, imageSize: ImageSize): Transformation {
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (maker) return maker(new Value(value), imageSize);
  const names = Object.keys(makers).join(', ');
  throw new SignetError('INVALID_ARGUMENT', `expected one of ${names}. Received: ${name === '' ? 'nothing' : name}.`);
}

/** Text behind the `=`, read as what a transformation takes; undefined where there is none. */
class Value {
  constructor(private readonly text: string | undefined) {}

  number(least: number, most: number, absent = NaN): number {
    const value = this.text === undefined ? absent : numberOf(this.text);
    if (value >= least && value <= most) return value;
    throw this.#refuse(`a number from ${least} to ${most}`);
  }

  /** Up to this many numbers, separated by colons. */
  numbers(most: number, least: number, highest: number, absent: readonly number[]): readonly number[] {
    const numbers = this.text?.split(':').map(numberOf) ?? absent;
    if (numbers.length <= most && numbers.every((value) => value >= least && value <= highest)) return numbers;
    throw this.#refuse(`up to ${most} numbers from ${least} to ${highest} with colons between them`);
  }

  none(): void {
    if (this.text !== undefined) throw this.#refuse('no value');
  }

  factor(): Factor {
    const numbers = this.text?.split(':').map(numberOf) ?? [];
    const [lower = NaN, upper] = numbers;
    if (numbers.length > 2 || numbers.length === 0 || numbers.some(Number.isNaN)) {
      throw this.#refuse('a number, or two with a colon, such as 0.1 or -0.1:0.2');
    }
    return upper === undefined ? lower : [lower, upper];
  }

  oneOf<Choice>(choices: Readonly<Record<string, Choice>>, absent: string): Choice {
    const text = this.text ?? absent;
    const choice = Object.hasOwn(choices, text) ? choices[text] : undefined;
    if (choice !== undefined) return choice;
    throw this.#refuse(`one of ${Object.keys(choices).join(', ')}`);
  }

  #refuse(expected: string): SignetError {
    return new SignetError('INVALID_ARGUMENT', `expected ${expected}. Received: ${this.text ?? 'nothing'}.`);
  }
}

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? NaN : Number(text);
}
