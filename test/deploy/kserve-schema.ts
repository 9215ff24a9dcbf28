/**
 * The part of KServe's InferenceService that deploy/kserve uses, as a JSON schema; other fields are refused.
 *
 * Source: config/crd/full/serving.kserve.io_inferenceservices.yaml of kserve/kserve, version v1beta1. The whole definition repeats
 * Kubernetes's pods and is larger than this repository.
 */
const strict = (properties: Record<string, object>, required: readonly string[] = []) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };
const quantities = {
  type: 'object',
  additionalProperties: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$' },
};

export const inferenceServiceSchema = strict(
  {
    apiVersion: { const: 'serving.kserve.io/v1beta1' },
    kind: { const: 'InferenceService' },
    metadata: strict(
      {
        name: { type: 'string', pattern: '^[a-z]([a-z0-9-]*[a-z0-9])?$', maxLength: 63 },
        annotations: { type: 'object' },
      },
      ['name'],
    ),
    spec: strict(
      {
        predictor: strict(
          {
            minReplicas: count,
            maxReplicas: count,
            scaleMetric: { enum: ['cpu', 'memory', 'concurrency', 'rps'] },
            scaleTarget: count,
            // Those of Kubernetes's PodSpec, which a predictor has too, and of its Container.
            automountServiceAccountToken: { type: 'boolean' },
            securityContext: strict({
              runAsNonRoot: { type: 'boolean' },
              runAsUser: count,
              seccompProfile: strict({ type: { enum: ['RuntimeDefault', 'Unconfined', 'Localhost'] } }, ['type']),
            }),
            model: strict(
              {
                modelFormat: strict({ name: text, version: text }, ['name']),
                storageUri: { type: 'string', pattern: '^(pvc|s3|gs|https?|hdfs)://' },
                protocolVersion: { enum: ['v1', 'v2', 'grpc-v2'] },
                runtimeVersion: text,
                args: { type: 'array', items: text },
                securityContext: strict({
                  allowPrivilegeEscalation: { type: 'boolean' },
                  capabilities: strict({ drop: { type: 'array', items: text } }),
                }),
                resources: strict({ requests: quantities, limits: quantities }),
              },
              ['modelFormat', 'storageUri'],
            ),
          },
          ['model'],
        ),
      },
      ['predictor'],
    ),
  },
  ['apiVersion', 'kind', 'metadata', 'spec'],
);
