import { type Metadata, type ServerInterceptor, ServerInterceptingCall } from '@grpc/grpc-js';

import { bearerToken } from '../server-credentials.js';
import { ServingError } from '../serving-error.js';
import { statusOf } from './status-of.js';

/** Health checks come from orchestrators, which have no token. */
const open = /^\/(?:grpc\.health\.v1\.Health\/|inference\.GRPCInferenceService\/Server(?:Live|Ready)$)/;

/**
 * Lets through the calls whose metadata have `authorization: Bearer TOKEN`, and health checks.
 *
 * @param onRefused Called with the method of each refused call.
 */
export function requireToken(token: string, onRefused: (path: string) => void): ServerInterceptor {
  const hasToken = bearerToken(token);
  const isAllowed = (metadata: Metadata) => metadata.get('authorization').some((given) => hasToken(given));
  const error = new ServingError('UNAUTHENTICATED', 'Send the metadata "authorization: Bearer TOKEN".');
  return ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, accept) => {
            if (open.test(path) || isAllowed(metadata)) {
              accept(metadata);
              return;
            }
            onRefused(path);
            const { code, details } = statusOf(error);
            call.sendStatus({ code, details });
          },
        }),
    });
}
