import { onTestFinished } from 'vitest';

import { checkPixels, type PixelLimits } from '../../../src/serving/limits/check-pixels.js';
import type { ModelServer } from '../../../src/serving/model-server.js';
import type { RequestEvent } from '../../../src/serving/request-event.js';
import { RequestReader } from '../../../src/serving/reader/request-reader.js';
import { classifyImageRoute } from '../../../src/serving/rest/classify-image-route.js';
import { explainImageRoute } from '../../../src/serving/rest/explain-image-route.js';
import {
  createRestServer,
  type RestServer,
  type RestServerOptions,
} from '../../../src/serving/rest/create-rest-server.js';
import { healthRoutes } from '../../../src/serving/rest/health-routes.js';
import { metricsRoute } from '../../../src/serving/rest/metrics-route.js';
import { openApiRoute } from '../../../src/serving/rest/open-api-route.js';
import { openInferenceRoutes } from '../../../src/serving/rest/open-inference-routes.js';
import { servingRoutes } from '../../../src/serving/rest/serving-routes.js';
import { ServerMetrics } from '../../../src/serving/server-metrics.js';
import { modelServerWith } from './model-server-with.js';

export interface ServedRest {
  readonly server: RestServer;
  readonly port: number;
  /** Events of all requests that were answered. */
  readonly events: RequestEvent[];
  /** Errors of the server. */
  readonly errors: unknown[];
}

/** Serves models as `startServer` does, but only over REST, and from anything with the methods of a `ModelServer`. */
export async function serveRest(
  models: ModelServer,
  options: RestServerOptions & { readonly pixelLimits?: PixelLimits; readonly isReady?: () => boolean } = {},
): Promise<ServedRest> {
  const { pixelLimits, isReady = () => true, ...rest } = options;
  const limited = modelServerWith(models, {
    predict: async (request) => {
      checkPixels(request, pixelLimits);
      return models.predict(request);
    },
  });
  const metrics = new ServerMetrics((name) => models.modelNames.includes(name));
  const events: RequestEvent[] = [];
  const errors: unknown[] = [];
  const reader = new RequestReader({ maxTensorBytes: 2 ** 24 });
  const routes = [
    ...servingRoutes(limited, reader),
    classifyImageRoute({ models: limited, reader, pixelLimits }),
    explainImageRoute({ models: limited, reader, pixelLimits }),
    ...openInferenceRoutes(limited, reader, { isReady, serverVersion: '1.2.3' }),
    ...healthRoutes(isReady),
    metricsRoute(metrics),
    openApiRoute(limited, '1.2.3'),
  ];
  const server = createRestServer(routes, {
    onError: (error) => errors.push(error),
    ...rest,
    onRequest: (event) => {
      events.push(event);
      metrics.onRequest(event);
    },
  });
  return { server, port: await server.start('127.0.0.1', 0), events, errors };
}

/** The same, until the end of a test. */
export async function serveRestForTest(...args: Parameters<typeof serveRest>): Promise<ServedRest> {
  const served = await serveRest(...args);
  onTestFinished(() => served.server.drain());
  return served;
}
