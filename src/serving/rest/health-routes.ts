import { healthChecks, type HealthPath, healthProblem } from '../health/health-state.js';
import { ServingError } from '../serving-error.js';
import { json, type Route } from './rest-call.js';

/**
 * Makes the routes for orchestrators: `/healthz` tells whether the process answers at all, and `/readyz` whether it should get requests.
 *
 * @param isReady Whether every model can answer, and the server is not about to end.
 */
export function healthRoutes(isReady: () => boolean): Route[] {
  const route = (path: HealthPath, name: string): Route => ({
    method: 'GET',
    path,
    name,
    isOpen: true,
    isQuiet: true,
    handle: () => {
      const problem = healthProblem(path, isReady());
      // Thrown, so that it appears in the log and the metrics, which leave out only checks that succeed.
      if (problem !== null) throw new ServingError('UNAVAILABLE', problem);
      return json({ status: healthChecks[path] });
    },
  });
  return [route('/healthz', 'Healthz'), route('/readyz', 'Readyz')];
}
