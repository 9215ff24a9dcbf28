import type { ModelServer } from '../../src/serving/model-server.js';

/** A ModelServer of which some methods are replaced. */
export function modelServerWith(models: ModelServer, methods: Partial<ModelServer>): ModelServer {
  return {
    modelNames: models.modelNames,
    find: (spec) => models.find(spec),
    status: (spec) => models.status(spec),
    predict: (request) => models.predict(request),
    ...methods,
  };
}
