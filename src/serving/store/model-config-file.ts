import { readFile } from 'node:fs/promises';

import { fromText } from '@bufbuild/protobuf/txtpb';

import { SignetError, wordsOf } from '../../errors.js';
import type { FileSystemStoragePathSourceConfig_ServableVersionPolicy as PolicyProto } from '../../tensorflow/protos/tensorflow_serving/config/file_system_storage_path_source_pb.js';
import {
  type ModelConfig as ModelConfigProto,
  type ModelServerConfig,
  ModelServerConfigSchema,
} from '../../tensorflow/protos/tensorflow_serving/config/model_server_config_pb.js';
import { defaultPolicy, type ModelConfig, type VersionPolicy } from './model-config.js';

/**
 * Reads a file for `--model_config_file` of TensorFlow Serving.
 *
 * @throws SignetError `INVALID_ARGUMENT` that names the field and its type.
 */
export async function readModelConfigFile(file: string): Promise<ModelConfig[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw invalid(`${file} cannot be read: ${wordsOf(error)}`, { cause: error });
  });
  return parseModelConfigFile(text, file);
}

/**
 * Reads TensorFlow Serving's configuration in protobuf's text format.
 *
 * @param file Named in errors.
 * @throws SignetError `INVALID_ARGUMENT` that names the field and its type.
 */
export function parseModelConfigFile(text: string, file = 'model_config_file'): ModelConfig[] {
  return modelConfigsOf(parseText(text, file), file);
}

function parseText(text: string, file: string): ModelServerConfig {
  try {
    return fromText(ModelServerConfigSchema, text);
  } catch (error) {
    throw invalid(`${file} is not a ModelServerConfig in protobuf's text format: ${wordsOf(error)}.`, { cause: error });
  }
}

/**
 * The models of TensorFlow Serving's configuration, which HandleReloadConfigRequest contains too.
 *
 * @param source Named in errors.
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function modelConfigsOf({ config }: ModelServerConfig, source = 'The configuration'): ModelConfig[] {
  if (config.case === undefined) throw invalid(`${source}: model_config_list is missing.`);
  if (config.case === 'customModelConfig') throw invalid(`${source}: custom_model_config is not supported.`);
  const names = new Set<string>();
  return config.value.config.map((proto) => {
    const model = modelConfigOf(proto, source);
    if (names.has(model.name)) throw invalid(`${source}: two models are called "${model.name}".`);
    names.add(model.name);
    return model;
  });
}

function modelConfigOf(proto: ModelConfigProto, source: string): ModelConfig {
  const { name, basePath, modelPlatform, modelVersionPolicy, versionLabels } = proto;
  if (name === '') throw invalid(`${source}: a model has no name.`);
  if (basePath === '') throw invalid(`${source}: the model "${name}" has no base_path.`);
  if (!['', 'tensorflow'].includes(modelPlatform)) {
    throw invalid(`${source}: the model "${name}" is of platform "${modelPlatform}". Expected: "tensorflow".`);
  }
  const where = `${source}: the model "${name}"`;
  const labels = Object.entries(versionLabels).map(
    ([label, version]) => [label, versionNumber(version, where)] as const,
  );
  return { name, basePath, policy: policyOf(modelVersionPolicy, where), labels: new Map(labels) };
}

function policyOf(proto: PolicyProto | undefined, where: string): VersionPolicy {
  const choice = proto?.policyChoice;
  switch (choice?.case) {
    case 'all':
      return { kind: 'all' };
    case 'latest':
      // TensorFlow Serving treats 0, the default, as 1.
      return { kind: 'latest', count: choice.value.numVersions === 0 ? 1 : choice.value.numVersions };
    case 'specific': {
      const versions = choice.value.versions.map((version) => versionNumber(version, where));
      if (versions.length === 0) throw invalid(`${where} has a policy "specific" without versions.`);
      return { kind: 'specific', versions };
    }
    default:
      return defaultPolicy;
  }
}

function versionNumber(version: bigint, where: string): number {
  const number = Number(version);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw invalid(`${where} has a version ${version}. Expected: 0 to 2^53 - 1.`);
}

function invalid(message: string, options?: ErrorOptions): SignetError {
  return new SignetError('INVALID_ARGUMENT', message, options);
}
