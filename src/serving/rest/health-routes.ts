import { notReady } from '../health/health-state.js';
import { ServingError } from '../serving-error.js';
import { json, type Route } from './rest-call.js';

/**
 * What orchestrators ask: `/healthz`, whether the process answers at all, and `/readyz`, whether it should be sent requests.
 *
 * @param isReady Whether every model can answer, and the server is not about to end.
 */
export function healthRoutes(isReady: () => boolean): Route[] {
  const common = { method: 'GET', isOpen: true, isQuiet: true } as const;
  return [
    { ...common, path: '/healthz', name: 'Healthz', handle: () => json({ status: 'ok' }) },
    {
      ...common,
      path: '/readyz',
      name: 'Readyz',
      handle: () => {
        if (isReady()) return json({ status: 'ready' });
        throw new ServingError('UNAVAILABLE', notReady);
      },
    },
  ];
}
