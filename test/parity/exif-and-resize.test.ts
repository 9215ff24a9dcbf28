import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeAndResize } from '../../src/ops/decode-and-resize.js';
import { decodeImage } from '../../src/ops/decode-image.js';
import { fitImages, resizeModes } from '../../src/ops/fit-images.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import {
  damagedExifFiles,
  exifFiles,
  exifSegment,
  tiffWith,
  withExifChunk,
  withSegments,
} from '../helpers/data/exif-files.js';
import { mulberry32 } from '../helpers/data/mulberry32.js';
import { mutated } from '../helpers/data/mutate.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const [height, width] = [20, 14] as const;

function graphs() {
  const pixels = { x: tensorSpec('float32', [null, null, null, 3]) };
  const bytes = { bytes: tensorSpec('string', []) };
  const files = { bytes: tensorSpec('string', [null]) };
  const fit = resizeModes.flatMap((resize) =>
    [false, true].flatMap((antialias) => {
      const name = `${resize}${antialias ? '_smooth' : ''}`;
      const way = { resize, antialias };
      return [
        [name, tfFunction((x: tf.Tensor) => fitImages(x as tf.Tensor4D, [height, width], way), { inputSignature: pixels })],
        [`${name}_files`, tfFunction((x: tf.Tensor) => decodeAndResize(x, [height, width], way), { inputSignature: files })],
      ] as const;
    }),
  ); // prettier-ignore
  const decode = tfFunction((file: tf.Tensor) => decodeImage(file, { exif: 'apply' }), { inputSignature: bytes });
  return Object.fromEntries(
    [...fit, ['decode', decode] as const].map(([name, fn]) => [name, fn.getConcreteFunction()]),
  );
}

/** Pillow reads EXIF however much lies before it. */
const beyondLimits = ['100 empty segments before', 'a chunk of 65,536 bytes before'];

/** Files by name: whole, damaged and mutated EXIF, and one of several pictures (MPO), which Python writes. */
async function files(): Promise<Map<string, Buffer>> {
  const noise = mulberry32(5);
  const rgb = Buffer.from(Array.from({ length: 37 * 23 * 3 }, () => noise() * 256));
  const picture = sharp(rgb, { raw: { width: 37, height: 23, channels: 3 } });
  const [jpeg, png] = await Promise.all([picture.jpeg({ quality: 95 }).toBuffer(), picture.png().toBuffer()]);
  const random = mulberry32(11);
  const six = withSegments(jpeg, exifSegment(tiffWith(6, { order: 'MM' })));
  const eight = withExifChunk(png, tiffWith(8));
  // Only what is in the TIFF block is changed, so that both still decode the picture.
  const mutants = Array.from({ length: 200 }, (_, i) => {
    // Pillow reads no further where the data of an entry before cannot be read; browsers do.
    const tiff = mutated(tiffWith(6, { order: i % 2 === 0 ? 'II' : 'MM', before: [] }), random, [8, 20]);
    return [`mutant ${i}`, withSegments(jpeg, exifSegment(tiff))] as const;
  });
  return new Map([...exifFiles(jpeg, png).map(([name, file]) => [name, file] as const), ...damagedExifFiles(jpeg, png).filter(([name]) => !beyondLimits.includes(name)), ...mutants, ['MM', six], ['PNG', eight]]); // prettier-ignore
}

const script = `
import io, json, os, sys, warnings
import numpy as np, tensorflow as tf
from keras.src.backend.tensorflow import image as keras_image
from PIL import Image, ImageOps
warnings.simplefilter('ignore')
given = json.load(sys.stdin)
model = tf.saved_model.load(given['directory'])
call = lambda name, x: model.signatures[name](x)['output_0'].numpy()
differing, refused, turned = [], 0, 0
files = [[name, open(os.path.join(given['files'], str(i)), 'rb').read()] for i, name in enumerate(given['names'])]
buffer = io.BytesIO()
six = Image.Exif(); six[0x0112] = 6
picture = Image.fromarray(np.arange(36 * 20 * 3, dtype=np.uint8).reshape(36, 20, 3))
picture.save(buffer, format='MPO', save_all=True, append_images=[picture.rotate(90)], exif=six)
files.append(['MPO', buffer.getvalue()])
assert Image.open(buffer).format == 'MPO'
upright = []
for name, file in files:
    try:
        image = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert('RGB'))
    except Exception:
        # Pillow gives up on such EXIF: ours is upright.
        refused += 1
        image = np.asarray(Image.open(io.BytesIO(file)).convert('RGB'))
    ours = call('decode', tf.constant(file))
    turned += image.shape[0] > image.shape[1]
    if ours.shape != image.shape or (ours != image).any():
        differing.append(['pixels', name, ours.shape, image.shape])
    upright.append(image)

size = given['size']
def resize(image, way, smooth):
    image = tf.constant(image)
    if way == 'squash': return tf.image.resize(image, size, antialias=smooth)
    if not smooth:
        return keras_image.resize(image, size, **{way + '_to_aspect_ratio': True})
    # Keras has no smoothing: its own cut or border, then tf.image's resizing.
    original = tf.image.resize
    tf.image.resize = lambda image, size, **_: original(image, size, antialias=True)
    try: return keras_image.resize(image, size, **{way + '_to_aspect_ratio': True})
    finally: tf.image.resize = original
worst = 0
for way in ['squash', 'crop', 'pad']:
    for smooth in [False, True]:
        name = way + ('_smooth' if smooth else '')
        for h, w in given['sizes']:
            x = np.random.default_rng(h).random((2, h, w, 3), np.float32)
            difference = np.abs(call(name, tf.constant(x)) - resize(x, way, smooth).numpy()).max()
            worst = max(worst, difference)
            if not difference <= 1e-5: differing.append([name, h, w, float(difference)])
        ours = call(name + '_files', tf.constant([file for _, file in files[:40]]))
        for mine, image in zip(ours, upright):
            difference = np.abs(mine - resize(image.astype(np.float32), way, smooth).numpy()).max() / 255
            worst = max(worst, difference)
            if not difference <= 1e-5: differing.append([name + ' of files', image.shape, float(difference)])
print(json.dumps({'differing': differing, 'refused': refused, 'turned': int(turned), 'worst': float(worst)}))
`;

describe.runIf(hasPython())('EXIF and resizing in Python', () => {
  it('equal Pillow, tf.image and Keras, in the graph that is exported', async () => {
    const folder = await temporaryFolder();
    const functions = graphs();
    const signatures = Object.fromEntries(Object.keys(functions).map((name) => [name, name]));
    await writeSavedModel(path.join(folder, 'model'), { functions, signatures });
    const all = await files();
    await mkdir(path.join(folder, 'files'));
    for (const [i, file] of [...all.values()].entries()) await writeFile(path.join(folder, 'files', String(i)), file);
    // Not [n, w * h / width]: at a whole ratio the graph of Keras may compute one pixel less, by its reciprocal.
    const sizes = [[20, 14], [40, 28], [1, 1], [7, 90], [90, 7], [33, 47], [224, 160], [100, 130], [3, 5]]; // prettier-ignore
    const result = (await runPython(script, {
      directory: path.join(folder, 'model'),
      files: path.join(folder, 'files'),
      names: [...all.keys()],
      size: [height, width],
      sizes,
    })) as { differing: unknown[]; refused: number; turned: number };
    expect(result.differing).toEqual([]);
    expect(result.turned).toBeGreaterThan(40);
    expect(result.refused).toBeLessThan(60);
  }, 240_000);
});
