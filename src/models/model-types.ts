import { SignetError } from '../errors.js';
import type { ImageClassifierModel, ImageClassifierOptions } from './image-classifier-model.js';
import { InceptionModel } from './inception-model.js';
import { LenetModel } from './lenet-model.js';
import { MobileNetModel } from './mobile-net-model.js';
import { ResnetModel } from './resnet-model.js';

/** A class whose instances are classifiers. */
export type ModelType = new (options: ImageClassifierOptions) => ImageClassifierModel;

/** The architectures that `--model-type` knows: one line each. */
export const modelTypes: Readonly<Record<string, ModelType>> = {
  InceptionModel,
  LenetModel,
  MobileNetModel,
  ResnetModel,
};

/** @throws SignetError `INVALID_ARGUMENT` that lists the names. */
export function modelTypeOf(name: string): ModelType {
  const type = Object.hasOwn(modelTypes, name) ? modelTypes[name] : undefined;
  if (type) return type;
  const known = Object.keys(modelTypes).join(', ');
  throw new SignetError('INVALID_ARGUMENT', `--model-type is one of ${known}. Received: ${name}.`);
}
