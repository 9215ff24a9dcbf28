import { healthAnswer, type HealthPath } from '../health/health-state.js';
import { json, type Route } from './rest-call.js';

const names: Readonly<Record<HealthPath, string>> = { '/healthz': 'Healthz', '/readyz': 'Readyz' };

/**
 * Makes the routes that orchestrators ask: `/healthz`, whether the process answers at all, and `/readyz`, whether it should be sent requests.
 *
 * @param isReady Whether every model can answer, and the server is not about to end.
 */
export function healthRoutes(isReady: () => boolean): Route[] {
  return Object.entries(names).map(([path, name]) => ({
    method: 'GET',
    path,
    name,
    isOpen: true,
    isQuiet: true,
    handle: () => {
      const { status, body } = healthAnswer(path as HealthPath, isReady());
      return { ...json(body), status };
    },
  }));
}
