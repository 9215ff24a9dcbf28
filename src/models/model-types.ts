import { existsSync, statSync } from 'node:fs';

import { SignetError } from '../errors.js';
import { ImageClassifierModel, type ImageClassifierOptions } from './image-classifier-model.js';
import { importUserFile } from './user-file/import-user-file.js';
import { EfficientNetLiteModel } from './efficient-net-lite-model.js';
import { EfficientNetV2Model } from './efficient-net-v2-model.js';
import { InceptionModel } from './inception-model.js';
import { LenetModel } from './lenet-model.js';
import { MobileNetModel } from './mobile-net-model.js';
import { MobileNetV3Model } from './mobile-net-v3-model.js';
import { ResnetModel } from './resnet-model.js';

const option = '--model-type';

/** A class of classifiers. */
export type ModelType = new (options: ImageClassifierOptions) => ImageClassifierModel;

/** Signet's architectures by the names that `--model-type` accepts, one line each. */
export const modelTypes: Readonly<Record<string, ModelType>> = {
  EfficientNetLiteModel,
  EfficientNetV2Model,
  InceptionModel,
  LenetModel,
  MobileNetModel,
  MobileNetV3Model,
  ResnetModel,
};

/**
 * Finds the class that `--model-type` names: one of Signet's by its name, or the user's own as `path/to/model.ts#ClassName`.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists the names, or explains what the file lacks.
 */
export async function findModelType(text: string): Promise<ModelType> {
  const type = Object.hasOwn(modelTypes, text) ? modelTypes[text] : undefined;
  if (type) return type;
  const [, file, name] = /^(.+)#([^#]+)$/.exec(text) ?? [];
  if (file === undefined || name === undefined) {
    if (existsSync(text)) throw await withoutClass(text);
    const known = Object.keys(modelTypes).join(', ');
    throw invalid(`is one of ${known}, or your own class as path/to/model.ts#ClassName. Received: ${text}.`);
  }
  return exportedType(file, name);
}

/** Makes the error for a file that is given without the name of a class. */
async function withoutClass(file: string): Promise<SignetError> {
  const names = statSync(file).isFile() ? Object.keys(await importUserFile(file, option)) : [];
  return invalid(
    `of a file is path/to/model.ts#ClassName. Received: ${file}. It exports: ${names.join(', ') || 'nothing'}.`,
  );
}

async function exportedType(file: string, name: string): Promise<ModelType> {
  const exported = await importUserFile(file, option);
  const found = Object.hasOwn(exported, name) ? exported[name] : undefined;
  if (found === undefined) {
    const names = Object.keys(exported).join(', ') || 'nothing';
    throw invalid(`names ${name}, which ${file} does not export. It exports: ${names}.`);
  }
  if (isModelType(found)) return found;
  const { what, advice } = describeExport(found);
  const className = name === 'default' ? 'MyModel' : name;
  throw invalid(
    `names ${name} of ${file}, which is ${what}. Expected: export class ${className} extends ImageClassifierModel. ${advice}`,
  );
}

function isModelType(value: unknown): value is ModelType {
  return typeof value === 'function' && value.prototype instanceof ImageClassifierModel;
}

/** Describes what a module exports where a class of models was expected, and what to do. */
function describeExport(value: unknown): { readonly what: string; readonly advice: string } {
  if (value instanceof ImageClassifierModel) {
    const what = `a model that is made already, of the class ${value.constructor.name}`;
    return { what, advice: 'Export the class itself: the command makes the model.' };
  }
  const isOfAnotherCopy = basesOf(value).includes(ImageClassifierModel.name);
  const advice = isOfAnotherCopy
    ? 'Its ImageClassifierModel is that of another copy of signet-ml. Import the copy that runs this command: signet-ml in a project, src/index.js in a clone of Signet.'
    : 'Give its layers to ImageClassifierModel, as examples/custom-model does.';
  return { what: kindOf(value), advice };
}

function kindOf(value: unknown): string {
  const [, base] = basesOf(value);
  if (base !== undefined) return `a class that extends ${base || 'a class without a name'}`;
  if (typeof value === 'function') {
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'a class that extends nothing' : 'a function';
  }
  return typeof value === 'object' && value !== null ? 'an object' : `a value, ${String(value)}`;
}

/** Names of a class and the classes that it extends, its own first. */
function basesOf(value: unknown): string[] {
  if (typeof value !== 'function' || value === Function.prototype) return [];
  return [value.name, ...basesOf(Object.getPrototypeOf(value))];
}

function invalid(what: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `${option} ${what}`);
}
