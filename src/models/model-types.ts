import { existsSync, statSync } from 'node:fs';

import { SignetError } from '../errors.js';
import { describeExport } from './classifier/describe-export.js';
import { ImageClassifierModel, type ImageClassifierOptions } from './image-classifier-model.js';
import { importUserFile } from './user-file/import-user-file.js';
import { InceptionModel } from './inception-model.js';
import { LenetModel } from './lenet-model.js';
import { MobileNetModel } from './mobile-net-model.js';
import { ResnetModel } from './resnet-model.js';

const option = '--model-type';

/** A class whose instances are classifiers. */
export type ModelType = new (options: ImageClassifierOptions) => ImageClassifierModel;

/** The architectures that `--model-type` knows: one line each. */
export const modelTypes: Readonly<Record<string, ModelType>> = {
  InceptionModel,
  LenetModel,
  MobileNetModel,
  ResnetModel,
};

/**
 * The class that `--model-type` means: one of Signet's by its name, or one of the user's as `path/to/model.ts#ClassName`.
 *
 * @throws SignetError `INVALID_ARGUMENT` that lists the names, or says what the file lacks.
 */
export async function findModelType(text: string): Promise<ModelType> {
  const type = Object.hasOwn(modelTypes, text) ? modelTypes[text] : undefined;
  if (type) return type;
  const [, file, name] = /^(.+)#([^#]+)$/.exec(text) ?? [];
  if (file === undefined || name === undefined) {
    if (existsSync(text)) throw await withoutClass(text);
    const known = Object.keys(modelTypes).join(', ');
    throw invalid(`is one of ${known}, or a class of yours as path/to/model.ts#ClassName. Received: ${text}.`);
  }
  return exportedType(file, name);
}

/** What to say of a file that is given without the name of a class. */
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

function invalid(what: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `${option} ${what}`);
}
