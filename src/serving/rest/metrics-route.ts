import type { ServerMetrics } from '../server-metrics.js';
import type { Route } from './rest-call.js';

/** TensorFlow Serving's address for Prometheus. */
export function metricsRoute(metrics: ServerMetrics): Route {
  return {
    method: 'GET',
    path: '/monitoring/prometheus/metrics',
    name: 'Metrics',
    isQuiet: true,
    handle: async () => ({ type: metrics.type, body: await metrics.text() }),
  };
}
