import type { ModelServer } from '../../../src/serving/model-server.js';

/** A ModelServer with some methods replaced. */
export function modelServerWith(models: ModelServer, methods: Partial<Omit<ModelServer, 'modelNames'>>): ModelServer {
  return {
    get modelNames() {
      return models.modelNames;
    },
    find: (spec) => models.find(spec),
    status: (spec) => models.status(spec),
    predict: (request) => models.predict(request),
    ...(models.reload && { reload: async (config) => models.reload?.(config) }),
    ...methods,
  };
}
