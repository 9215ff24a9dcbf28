import type { FileSystemStoragePathSourceConfig_ServableVersionPolicy } from '../../tensorflow/protos/tensorflow_serving/config/file_system_storage_path_source_pb.js';
import type { ModelServerConfig } from '../../tensorflow/protos/tensorflow_serving/config/model_server_config_pb.js';
import { ServingError } from '../serving-error.js';
import type { ModelConfig, VersionPolicy } from './model-config.js';

/** The models of a configuration as a message, such as HandleReloadConfigRequest brings. @throws ServingError `INVALID_ARGUMENT`. */
export function modelConfigsOf({ config }: ModelServerConfig): ModelConfig[] {
  if (config.case !== 'modelConfigList') {
    throw new ServingError(
      'INVALID_ARGUMENT',
      'Expected a model_config_list. Received: another kind of configuration, or none.',
    );
  }
  return config.value.config.map(({ name, basePath, modelVersionPolicy, versionLabels }) => ({
    name,
    basePath,
    ...(modelVersionPolicy && { policy: policyOf(modelVersionPolicy) }),
    labels: new Map(Object.entries(versionLabels).map(([label, version]) => [label, Number(version)])),
  }));
}

function policyOf({ policyChoice }: FileSystemStoragePathSourceConfig_ServableVersionPolicy): VersionPolicy {
  switch (policyChoice.case) {
    case 'all':
      return { kind: 'all' };
    case 'specific':
      return { kind: 'specific', versions: policyChoice.value.versions.map(Number) };
    default: {
      // TensorFlow Serving takes 0 for 1.
      const count = policyChoice.value?.numVersions ?? 0;
      return { kind: 'latest', count: Math.max(1, count) };
    }
  }
}
