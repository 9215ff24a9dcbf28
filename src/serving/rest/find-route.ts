import { ServingError } from '../serving-error.js';
import type { RestCall, Route } from './rest-call.js';

/** A route, and the parts of a path for it. */
export interface FoundRoute {
  readonly route: Route;
  readonly parts: RestCall['parts'];
}

/**
 * Finds the route of a request.
 *
 * @throws ServingError: like TensorFlow Serving, 400 for whatever is unknown under `/v1/`; elsewhere 404, and 405 for the wrong method.
 */
export function findRoute(routes: readonly Route[], method: string, path: string): FoundRoute {
  const asked = method === 'HEAD' ? 'GET' : method;
  let other: Route | undefined;
  for (const route of routes) {
    const parts = match(route, path);
    if (parts && route.method === asked) return { route, parts: decode(parts, method, path) };
    if (parts) other ??= route;
  }
  if (/^\/v1\//i.test(path)) throw malformed(method, path);
  if (other) {
    const message = `${shortened(path)} answers ${other.method}. Received: ${shortened(method)}.`;
    throw new ServingError('INVALID_ARGUMENT', message, { httpStatus: 405 });
  }
  throw new ServingError(
    'NOT_FOUND',
    `There is nothing at ${shortened(path)}. Models are at /v1/models/NAME; see /openapi.json.`,
  );
}

function match({ path: expected }: Route, path: string): RestCall['parts'] | null {
  if (typeof expected === 'string') return path === expected ? {} : null;
  const found = expected.exec(path);
  return found ? (found.groups ?? {}) : null;
}

/** Names are decoded after the path has been split: `%2F` may be in a name. */
function decode(parts: RestCall['parts'], method: string, path: string): RestCall['parts'] {
  if (!path.includes('%')) return parts;
  try {
    const entries = Object.entries(parts).map(([name, part]) => [name, part && decodeURIComponent(part)]);
    return Object.fromEntries(entries) as RestCall['parts'];
  } catch {
    throw malformed(method, path);
  }
}

function malformed(method: string, path: string): ServingError {
  return new ServingError('INVALID_ARGUMENT', `Malformed request: ${method} ${shortened(path)}`);
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
