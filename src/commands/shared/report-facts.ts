import os from 'node:os';

import { type ModelDescription, findModelDescription } from '../../models/classifier/model-description.js';
import type { Fact } from '../../evaluation/report/report-content.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { describeSavedModel } from '../../saved-model/describe/describe-saved-model.js';
import { backend, tensorflowVersion } from '../../tensorflow/backend.js';
import * as tf from '../../tensorflow/tf.js';
import { packageVersion } from './package-version.js';

/** Facts of a model on disk for a report. */
export interface ReportedModel {
  readonly title: string;
  /** What it does about EXIF. */
  readonly exif: ExifHandling;
  readonly facts: { readonly title: string; readonly rows: readonly Fact[] };
}

/** Facts of a version's directory. */
export async function modelFacts(directory: string): Promise<ReportedModel> {
  const { modelName, version, variables } = await describeSavedModel(directory);
  const description = await findModelDescription(directory);
  const { parameters, trainableParameters } = variables ?? {};
  const rows: Fact[] = [
    ['directory', directory],
    ...(description ? [['class', description.modelType] as const] : []),
    ...(parameters === undefined ? [] : [['parameters', parametersText(parameters, trainableParameters)] as const]),
    ...(description ? [['images', imagesText(description)] as const] : []),
  ];
  const title = version === null ? modelName : `${modelName}, version ${version}`;
  return { title, exif: description?.exif ?? 'ignore', facts: { title: 'Model', rows } };
}

/** Says how images become the model's: `turned upright by their EXIF, cropped, and resized to 28 x 28`. */
export function imagesText({ inputHeight, inputWidth, exif, decode, resize, antialias }: ModelDescription): string {
  const fitted = { squash: '', crop: 'cropped to its shape, ', pad: 'padded to its shape, ' }[resize];
  const turned = exif === 'apply' ? 'turned upright by their EXIF, ' : '';
  const decoded = decode === 'reduced' ? 'decoded at a part of their size, ' : '';
  return `${decoded}${turned}${fitted}resized to ${inputHeight} x ${inputWidth}${antialias ? ', smoothed' : ''}`;
}

function parametersText(parameters: number, trainable: number | null | undefined): string {
  const all = parameters.toLocaleString('en');
  return typeof trainable === 'number' && trainable !== parameters
    ? `${all}, ${trainable.toLocaleString('en')} of them trainable`
    : all;
}

/** Lists the software that produced the numbers. */
export function softwareFacts(): { readonly title: string; readonly rows: readonly Fact[] } {
  const [cpu] = os.cpus();
  const rows: Fact[] = [
    ['Signet', packageVersion()],
    ['TensorFlow', `${tensorflowVersion}${backend.isUsingGpuDevice ? ', on a GPU' : ''}`],
    ['TensorFlow.js', tf.version.tfjs],
    ['Node.js', process.versions.node],
    ['machine', `${process.platform} ${process.arch}, ${os.availableParallelism()} x ${cpu?.model.trim() ?? 'CPU'}`],
  ];
  return { title: 'Made with', rows };
}
