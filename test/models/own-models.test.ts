import { describe, expect, it } from 'vitest';

import { InceptionModel } from '../../src/models/inception-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { makeModel } from '../../src/models/make-model.js';
import { findModelType } from '../../src/models/model-types.js';
import * as tf from '../../src/tensorflow/tf.js';

const file = 'test/fixtures/own-models.ts';
const classNames = ['ant', 'bee', 'cat', 'dog'];

describe('findModelType', () => {
  it("finds Signet's classes by name and those of a file", async () => {
    expect(await findModelType('LenetModel')).toBe(LenetModel);
    expect((await findModelType(`${file}#Good`)).name).toBe('Good');
  });

  it.each<[string, string, string]>([
    ['a name that is unknown', 'VggModel', 'is one of EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, LenetModel, MobileNetModel, MobileNetV3Model, ResnetModel, or your own class as path/to/model.ts#ClassName. Received: VggModel.'],
    ['a name of every object', 'constructor', 'Received: constructor.'],
    ['a file that is missing', 'gone.ts#Tiny', 'names the file gone.ts, which does not exist.'],
    ['a file without a class', 'examples/custom-model/tiny-model.ts', 'of a file is path/to/model.ts#ClassName. Received: examples/custom-model/tiny-model.ts. It exports: TinyModel.'],
    ['a file that is not a program', 'README.md#Tiny', 'names README.md, which cannot be imported: '],
    ['an export that is missing', 'examples/custom-model/tiny-model.ts#Tiny', 'names Tiny, which examples/custom-model/tiny-model.ts does not export. It exports: TinyModel.'],
    ['a model in place of its class', `${file}#made`, 'which is a model that is made already, of the class LenetModel. Expected: export class made extends ImageClassifierModel. Export the class itself: the command makes the model.'],
    ['a function', `${file}#make`, 'which is a function. Expected: export class make extends ImageClassifierModel. Give its layers to ImageClassifierModel, as examples/custom-model does.'],
    ['a number', `${file}#answer`, 'which is a value, 42. '],
    ['another class of Signet', `${file}#OtherServable`, 'which is a class that extends Servable. '],
    ['a class of TF.js', `${file}#OtherLayers`, 'which is a class that extends Sequential. '],
    ['a class of nothing', `${file}#Plain`, 'which is a class that extends nothing. '],
    ['a class of another copy of signet-ml', `${file}#Foreign`, 'which is a class that extends ImageClassifierModel. Expected: export class Foreign extends ImageClassifierModel. Its ImageClassifierModel is that of another copy of signet-ml'],
    ['a class whose parent has no name', `${file}#ForeignChild`, 'which is a class that extends a class without a name. Expected: '],
  ])('refuses %s', async (_, text, message) => {
    await expect(findModelType(text)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^--model-type /) as string,
    });
    await expect(findModelType(text)).rejects.toThrow(message);
  }); // prettier-ignore
});

describe('makeModel', () => {
  it('makes a class of the user with the options', async () => {
    const model = makeModel(await findModelType(`${file}#Good`), { classNames, inputHeight: 12 });
    expect([model.classNames, model.imageSize]).toEqual([classNames, [12, 8]]);
    model.dispose();
  });

  it.each([
    ['a sigmoid gates', 'GatedLogits'],
    ['are sums of two', 'SummedWays'],
  ])('takes logits that %s', async (_, name) => {
    makeModel(await findModelType(`${file}#${name}`), { classNames }).dispose();
  });

  it.each<[string, string, string]>([
    ['whose output is not a row', 'Unflattened', 'A classifier of 4 classes gives one tensor of logits, [?, 4]. Received from Unflattened: [?, 8, 8, 4]. End it with flatten or average pooling and dense({ units: classes }).'],
    ['with another number of outputs than classes', 'FixedClasses', '[?, 4]. Received from FixedClasses: [?, 10].'],
    ['that ends with softmax', 'Softmax', 'Received from Softmax: softmax at its end, in the layer "'],
    ['that ends with a layer of softmax', 'SoftmaxLayer', 'Received from SoftmaxLayer: softmax at its end, in the layer "probabilities". Leave it out: dense({ units: classes }).'],
    ['that ends with sigmoid', 'Sigmoid', 'of values within the bounds of sigmoid it makes no high probability. Received from Sigmoid: sigmoid at its end, in the layer "'],
    ['that ends with a layer of tanh', 'Tanh', 'Received from Tanh: tanh at its end, in the layer "squashed".'],
    ['with softmax before a reshape', 'ReshapedSoftmax', 'Received from ReshapedSoftmax: softmax at its end, in the layer "'],
    ['with softmax in models that are averaged', 'NestedSoftmax', 'Received from NestedSoftmax: softmax at its end, in the layer "'],
    ['with a sigmoid in a wrapper', 'SigmoidOfRows', 'Received from SigmoidOfRows: sigmoid at its end, in the layer "each_row".'],
    ['with tanh at both ends of a sequence', 'BothWays', 'Received from BothWays: tanh at its end, in the layer "lstm_'],
    ['that ends with cells', 'Cells', 'Received from Cells: tanh at its end, in the layer "last".'],
    ['with softmax that a sigmoid gates', 'GatedProbabilities', 'Received from GatedProbabilities: softmax at its end, in the layer "'],
    ['that has classes of its own', 'OwnClasses', 'OwnClasses does not use the options that it is given: expected 4 classes (ant, bee, cat, ...). Received: 2 (cat, dog). Pass them on: constructor(options) { super(options, '],
    ['that has a size of its own', 'OwnSize', 'expected images of 12 x 8 pixels. Received: 8 x 8. Pass them on'],
    ['that takes other things than options', 'NamesAlone', "classNames is a list of names: ['cat', 'dog']. Received: object."],
  ])('refuses a class %s, and leaves no tensor behind', async (_, name, message) => {
    const type = await findModelType(`${file}#${name}`);
    const options = { classNames, ...(name === 'OwnSize' && { inputHeight: 12 }) };
    const tensors = tf.memory().numTensors;
    expect(() => makeModel(type, options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) as string })); // prettier-ignore
    expect(tf.memory().numTensors).toBe(tensors);
  }); // prettier-ignore

  it("tells TF.js's words when layers do not go together", async () => {
    const type = await findModelType(`${file}#Throwing`);
    expect(() => makeModel(type, { classNames })).toThrow(
      'Throwing cannot be made: Input 0 is incompatible with layer conv2d',
    );
  });

  it("refuses images that are too small for Signet's architectures", () => {
    const small = (size: number) => ({ classNames, inputHeight: size, inputWidth: size });
    expect(() => makeModel(InceptionModel, small(74))).toThrow(
      'Images of 74 x 74 pixels are too small for InceptionModel: nothing is left of them in its layer "conv2d_71", [?, 0, 0, 320]. ' +
        'Give a larger inputHeight and inputWidth (--input-height, --input-width).',
    );
    // Two negative sizes have a positive product: without the check there are weights for it.
    expect(() => makeModel(LenetModel, small(4))).toThrow('too small for LenetModel');
    // The least that Keras's InceptionV3 takes.
    makeModel(InceptionModel, small(75)).dispose();
  });
});
